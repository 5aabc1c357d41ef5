package account

// parts are where the bytes of one reader are, or of many. None is negative once
// [parts.floor] was called.
type parts struct {
	produced                         int64
	broker, backlog, queue, inFlight int64
	held, consumed                   int64
	lost                             lost
}

// lost is what will never come, by whom.
type lost struct{ strategy, trimmed, broker, left int64 }

func (l lost) total() int64 { return l.strategy + l.trimmed + l.broker + l.left }

func (l *lost) add(o lost) {
	l.strategy += o.strategy
	l.trimmed += o.trimmed
	l.broker += o.broker
	l.left += o.left
}

func (p *parts) add(o parts) {
	p.produced += o.produced
	p.broker += o.broker
	p.backlog += o.backlog
	p.queue += o.queue
	p.inFlight += o.inFlight
	p.held += o.held
	p.consumed += o.consumed
	p.lost.add(o.lost)
}

// gap is what the parts do not explain.
func (p *parts) gap() int64 {
	return p.produced - p.broker - p.backlog - p.queue - p.inFlight - p.held - p.consumed - p.lost.total()
}

// floor makes 0 of what is negative.
func (p *parts) floor() {
	for _, v := range []*int64{
		&p.produced, &p.broker, &p.backlog, &p.queue, &p.inFlight, &p.held, &p.consumed,
		&p.lost.strategy, &p.lost.trimmed, &p.lost.broker, &p.lost.left,
	} {
		*v = max(0, *v)
	}
}

// split divides what lies between lane and reader: the reader knows what it
// holds, the kernel what is in its queue, with what transports add.
func (p *parts) split(between int64, held, queue uint64) {
	between = max(0, between)
	p.held = min(int64(held), between)
	p.queue = min(int64(queue), between-p.held)
	p.inFlight = between - p.held - p.queue
}

// sharing gives out what is missing, to one after the other, and to nobody more
// than there is left.
type sharing struct{ rest int64 }

func (s *sharing) give(to *int64, most int64) {
	n := max(0, min(most, s.rest))
	*to += n
	s.rest -= n
}

// all gives what is left.
func (s *sharing) all(to *int64) { s.give(to, s.rest) }
