package transport

import "spillway/server/internal/lane"

// encoded is one message as it goes to every reader that misses nothing before
// it: the event with what its transport puts around it. It is not changed.
type encoded struct {
	bytes []byte
	text  int // bytes of event text in it
}

// form names what is around the events of this reader.
func (e *events) form() string {
	switch {
	case e.framed:
		return "frame"
	case e.chunked:
		return "chunk"
	}
	return "text"
}

// once returns the write of a message that many readers get, which is made for
// the first of them. It returns nil where this reader has to be told more, or
// something else, and where nobody else gets the message.
func (e *events) once(m lane.Message) []byte {
	if m.Shared == nil || !e.chunked && !e.framed || e.way.low != 0 && m.Seq != e.way.low+1 || len(e.way.ahead) > 0 {
		return nil
	}
	made := m.Shared.As(e.form(), func() any {
		alone := events{chunked: e.chunked, framed: e.framed, way: progress{low: m.Seq}}
		const around = 64 // more than what stands around the data
		alone.buf = make([]byte, 0, len(m.Data)+around)
		alone.begin(nil)
		alone.appendMessage(m)
		return &encoded{alone.seal(), alone.text}
	}).(*encoded)
	e.way.write(m.Seq)
	e.text = made.text
	return made.bytes
}

// encodedRound is a round as it goes to every reader that misses nothing before
// it. It is not changed.
type encodedRound struct {
	bytes []byte
	text  int   // bytes of event text in it
	ends  []int // in bytes, of each message's event; nil where they have one head
	texts []int // bytes of event text up to there
}

// onceAll returns the write of a round, which is made for the first reader that
// gets it. It returns nil where this one has to be told more, or something else.
func (e *events) onceAll(r *lane.Round) *encodedRound {
	first := r.Messages[0].Seq
	if e.way.unordered || e.way.low != 0 && first != e.way.low+1 {
		return nil
	}
	return r.As(e.form(), func() any {
		alone := events{chunked: e.chunked, framed: e.framed, way: progress{low: first - 1}}
		const around = 64 // more than what stands around the data
		size := 0
		for _, m := range r.Messages {
			size += m.Bytes() + around
		}
		alone.buf = make([]byte, 0, size)
		alone.begin(nil)
		made := new(encodedRound)
		for _, m := range r.Messages {
			alone.way.write(m.Seq)
			alone.appendMessage(m)
			if !e.framed {
				made.ends, made.texts = append(made.ends, len(alone.buf)), append(made.texts, alone.text)
			}
		}
		made.bytes, made.text = alone.seal(), alone.text
		return made
	}).(*encodedRound)
}
