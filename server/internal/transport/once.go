package transport

import "spillway/server/internal/lane"

// encoded is one message as it goes to every reader that misses nothing before
// it: the event with what its transport puts around it. It is not changed.
type encoded struct {
	bytes []byte
	text  int // bytes of event text in it
}

// once returns the write of a message that many readers get, which is made for
// the first of them. It returns nil where this reader has to be told more, or
// something else, and where nobody else gets the message.
func (e *events) once(m lane.Message) []byte {
	if m.Shared == nil || !e.chunked && !e.framed || e.way.low != 0 && m.Seq != e.way.low+1 || len(e.way.ahead) > 0 {
		return nil
	}
	name := "chunk"
	if e.framed {
		name = "frame"
	}
	made := m.Shared.As(name, func() any {
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
