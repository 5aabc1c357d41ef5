package account_test

import (
	"fmt"
	"math/rand/v2"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// fate is where one message is, as far as one reader is concerned.
type fate int

const (
	inBroker fate = iota
	inBacklog
	inQueue
	inFlight
	inHeld
	consumed
	lostStrategy
	lostTrimmed
	lostBroker
	lostLeft
	fates
)

type message struct {
	seq, pos, text uint64
	fate           fate
	dropped        bool // on the newest connection
	missed         bool
}

func (m *message) end() uint64 { return m.pos + m.text }

// world is a producer, a broker, a lane and one reader, exactly. Every message
// has its place in it, so the account of the world is made by counting.
type world struct {
	replayable bool
	unordered  bool
	messages   []*message
	trimmed    int // messages gone from the stream
	start      int // index where the reader began; -1 before

	// The connection in the lane; nil without one.
	row        *lane.Row
	ended      []lane.Row
	ids        uint64
	subscribed bool
	waiting    []*message // in the broker for a subscription
	cursor     int        // index in the stream
	taken      *message   // last accepted
	reach      uint64     // position behind what any connection has taken
	backlog    []*message

	// On the way, and at the reader.
	queue, flight, held []*message
	reader              account.Reader
	vague               bool // it is known what was lost, but by whom is a guess
	doubt               bool // a hole in front of this connection may have been made on the one before
	droppedOnIt         bool
	holeOnIt            bool
}

func newWorld(replayable, unordered bool) *world {
	return &world{replayable: replayable, unordered: unordered, start: -1, reader: account.Reader{Key: "slow-0", Channel: "slow-0"}}
}

func (w *world) end() uint64 {
	if n := len(w.messages); n > 0 {
		return w.messages[n-1].end()
	}
	return 0
}

func (w *world) produce(n, size int) {
	for range n {
		m := &message{seq: uint64(len(w.messages) + 1), pos: w.end()}
		m.text = wire.EventBytes(m.seq, size)
		w.messages = append(w.messages, m)
		if !w.replayable {
			if w.subscribed {
				w.waiting = append(w.waiting, m)
			} else {
				m.fate = lostBroker
			}
		}
	}
}

// fetch has the lane take messages.
func (w *world) fetch(n int) {
	for ; w.row != nil && n > 0; n-- {
		var m *message
		if w.replayable {
			w.cursor = max(w.cursor, w.trimmed)
			if w.cursor >= len(w.messages) {
				return
			}
			m = w.messages[w.cursor]
			w.cursor++
		} else {
			if len(w.waiting) == 0 {
				return
			}
			m, w.waiting = w.waiting[0], w.waiting[1:]
		}
		if w.row.Accepted == 0 {
			w.row.Begin = m.pos
			w.vague = w.vague || w.doubt && w.replayable && m.pos > w.reader.To
		} else if hole := m.pos - w.taken.end(); hole > 0 {
			w.row.Missed += hole
			w.holeOnIt = true
			for _, x := range w.messages[w.taken.seq : m.seq-1] {
				x.missed = true
			}
		}
		if w.start < 0 {
			w.start = int(m.seq - 1)
		}
		w.row.Away = false
		w.row.Accepted += m.text
		m.fate, w.taken, w.reach = inBacklog, m, m.end()
		w.backlog = append(w.backlog, m)
	}
}

func (w *world) drop(n int, newest bool) {
	for ; w.row != nil && n > 0 && len(w.backlog) > 0; n-- {
		i := 0
		if newest {
			i = len(w.backlog) - 1
		}
		m := w.backlog[i]
		w.backlog = append(w.backlog[:i:i], w.backlog[i+1:]...)
		w.row.Dropped += m.text
		m.fate, m.dropped, w.droppedOnIt = lostStrategy, true, true
	}
}

func (w *world) write(n int, r *rand.Rand) {
	for ; w.row != nil && n > 0 && len(w.backlog) > 0; n-- {
		i := 0
		if w.unordered {
			i = r.IntN(len(w.backlog))
		}
		m := w.backlog[i]
		w.backlog = append(w.backlog[:i:i], w.backlog[i+1:]...)
		w.row.Delivered += m.text
		m.fate = inQueue
		w.queue = append(w.queue, m)
	}
}

// move takes messages from one place on the way to the next.
func move(from, to *[]*message, n int, place fate) {
	for ; n > 0 && len(*from) > 0; n-- {
		m := (*from)[0]
		m.fate = place
		*from, *to = (*from)[1:], append(*to, m)
	}
}

func (w *world) read(n int) {
	r := &w.reader
	for ; n > 0 && len(w.held) > 0; n-- {
		m := w.held[0]
		w.held = w.held[1:]
		m.fate = consumed
		if r.To == 0 || m.pos < r.From {
			r.From = m.pos
		}
		r.To = max(r.To, m.end())
		r.Text += m.text
	}
	if w.row == nil {
		w.comeBack()
	}
}

// comeBack has wait in the stream what a reader will get when it comes back, and
// not what it has passed.
func (w *world) comeBack() {
	for _, m := range w.messages {
		switch passed := w.replayable && m.pos < w.reader.To; {
		case passed && m.dropped:
			m.fate = lostStrategy
		case passed && m.fate == inBroker:
			m.fate = lostLeft // overtaken
		}
		if w.replayable && w.reader.To > 0 && m.pos >= w.reader.To && (m.fate < inBacklog || m.fate > consumed) {
			w.giveUp([]*message{m})
		}
	}
}

func (w *world) trim(n int) {
	for ; n > 0 && w.trimmed < len(w.messages); n-- {
		if m := w.messages[w.trimmed]; w.replayable && m.fate == inBroker {
			m.fate = lostTrimmed
			w.vague = w.vague || w.reader.To == 0 && w.start >= 0 && w.row != nil && w.row.Accepted == 0 // nobody knows where it will begin
		}
		w.trimmed++
	}
}

// cut is what Redis does to a subscription whose output buffer is full.
func (w *world) cut() {
	if w.row == nil || w.replayable {
		return
	}
	for _, m := range w.waiting {
		m.fate = lostBroker
	}
	w.waiting, w.subscribed, w.row.Away = nil, false, w.row.Accepted > 0
}

func (w *world) connect() {
	if w.row != nil || w.reader.ID != 0 {
		return
	}
	w.ids++
	w.reader.ID, w.reader.Before = w.ids, w.reader.Text
	w.row = &lane.Row{ID: w.ids, Channel: w.reader.Channel}
	w.subscribed, w.taken, w.waiting = true, nil, nil
	for _, m := range w.messages {
		m.dropped, m.missed = false, false
	}
	if !w.replayable {
		return
	}
	w.cursor = len(w.messages)
	if w.reader.To == 0 {
		for _, m := range w.messages {
			if m.pos >= w.reach {
				m.fate = lostLeft // nobody came for it
			}
		}
		return
	}
	for w.cursor > 0 && w.messages[w.cursor-1].pos >= w.reader.To {
		w.cursor--
	}
	w.doubt, w.droppedOnIt, w.holeOnIt = w.droppedOnIt || w.unordered, false, false
}

// end of a connection in the lane; orderly, or with its process.
func (w *world) disconnect(orderly bool) {
	if w.row == nil {
		return
	}
	if orderly {
		last := *w.row
		last.Ended = true
		w.ended = append(w.ended, last)
	}
	for _, m := range w.waiting {
		m.fate = lostBroker
	}
	w.row, w.waiting, w.subscribed = nil, nil, false
	if w.droppedOnIt && w.holeOnIt || w.unordered && (w.droppedOnIt || w.holeOnIt) {
		w.vague = true
	}
	w.giveUp(w.backlog)
	w.backlog = nil
}

// giveUp puts messages back where they come from, or nowhere.
func (w *world) giveUp(messages []*message) {
	for _, m := range messages {
		switch {
		case !w.replayable || w.reader.To == 0 || m.pos < w.reader.To:
			m.fate = lostLeft
		case int(m.seq) <= w.trimmed:
			m.fate = lostTrimmed
		default:
			m.fate = inBroker
		}
	}
}

// notice has the reader see that its connection is no more.
func (w *world) notice() {
	if w.row != nil || w.reader.ID == 0 {
		return
	}
	w.reader.ID = 0
	w.giveUp(w.queue)
	w.giveUp(w.flight)
	w.giveUp(w.held)
	w.queue, w.flight, w.held = nil, nil, nil
	w.comeBack() // what the strategy gave up behind the last message too
}

// counted are the bytes in each place.
func (w *world) counted() (sums [fates]uint64, produced uint64) {
	if w.start < 0 {
		return sums, 0
	}
	for _, m := range w.messages[w.start:] {
		place := m.fate
		settled := w.row != nil && w.row.Accepted > 0
		switch {
		case place == inQueue && w.row == nil:
			place = inFlight // of a connection that ended the kernel tells nothing
		case m.pos >= w.reach && w.replayable && w.reader.To == 0 && !settled:
			place = lostLeft // nobody will come for it, as far as anybody knows
		case place == inBroker && !w.replayable && (!settled || w.row.Away):
			place = lostBroker // as far as anybody knows
		}
		sums[place] += m.text
		produced += m.text
	}
	return sums, produced
}

// say is what everybody tells of the world at this instant.
func (w *world) say() account.Instant {
	begin := w.end()
	if w.trimmed < len(w.messages) {
		begin = w.messages[w.trimmed].pos
	}
	in := account.Instant{
		Replayable: w.replayable,
		Positions:  map[string]account.Position{w.reader.Channel: {Begin: begin, End: w.end()}},
		Rows:       w.ended,
		Readers:    []account.Reader{w.reader},
	}
	w.ended = nil
	in.Readers[0].Held = textOf(w.held)
	if w.row != nil {
		row := *w.row
		row.Queue = textOf(w.queue)
		in.Rows = append(in.Rows, row)
	}
	return in
}

func textOf(messages []*message) (sum uint64) {
	for _, m := range messages {
		sum += m.text
	}
	return sum
}

func (f fate) String() string {
	names := [fates]string{"broker", "backlog", "queue", "flight", "held", "consumed", "strategy", "trimmed", "lost broker", "left"}
	return fmt.Sprint(names[f])
}
