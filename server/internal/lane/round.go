package lane

// Round is messages of one channel that many readers get at once, the oldest
// first. Between two of them nothing is missing.
type Round struct {
	Messages []Message // at least one
	Text     uint64    // event text of all
	Encoded            // what a transport makes of all of them
}

// RoundOf makes the messages a round; nil where one is missing between them, or
// there is none.
func RoundOf(ms []Message) *Round {
	if len(ms) == 0 {
		return nil
	}
	r := &Round{Messages: ms}
	for i, m := range ms {
		if m.Seq != ms[0].Seq+uint64(i) {
			return nil
		}
		r.Text += m.Text()
	}
	return r
}

// From is what of the round comes behind its first n messages; nil when that is
// nothing.
func (r *Round) From(n int) *Round { return RoundOf(r.Messages[n:]) }

// Last is the newest message.
func (r *Round) Last() Message { return r.Messages[len(r.Messages)-1] }
