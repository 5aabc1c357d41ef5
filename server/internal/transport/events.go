package transport

import (
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"spillway/server/internal/lane"
)

// keepBytes is the largest buffer that is kept between writes.
const keepBytes = 256 << 10

// events makes the text of server-sent events (WHATWG HTML, section 9.2) for one
// reader, and settles the account of what was written. Its owner guards it.
type events struct {
	stats   *lane.Stats
	chunked bool     // each event is an HTTP/1.1 chunk; HTTP/1.0, which nginx speaks upstream by default, and HTTP/2 have none
	framed  bool     // the events of one write are a WebSocket text message
	buf     []byte   // the events being written, reused
	head    int      // framed: where in buf the head of the message goes, with maxHead kept free for it
	text    int      // bytes of event text in it
	way     progress // to tell the reader about holes, and where it resumes
	told    uint64   // dropped messages among those holes
}

func newEvents(o Options) events {
	return events{stats: o.Stats, way: progress{unordered: o.Unordered, low: o.Last}}
}

// begin starts what is written at once, behind first.
func (e *events) begin(first []byte) {
	e.buf = append(e.buf[:0], first...)
	if e.framed {
		e.head = len(e.buf)
		e.buf = append(e.buf, make([]byte, maxHead)...)
	}
}

// seal returns what is to be written: buf, with the head of the message where it
// belongs. What came before the head moves up to it; that is little or nothing.
func (e *events) seal() []byte {
	if !e.framed {
		return e.buf
	}
	var head [maxHead]byte
	n := copy(head[:], appendFrameHead(head[:0], websocket.TextMessage, len(e.buf)-e.head-maxHead))
	start := maxHead - n
	copy(e.buf[start:], e.buf[:e.head])
	copy(e.buf[start+e.head:], head[:n])
	return e.buf[start:]
}

// appendReady appends the first event. A reader that loses the connection comes
// back after a second.
func (e *events) appendReady(ready string) {
	e.appendEvent("retry: 1000\nevent: ready\ndata: ", ready, "\n\n")
}

// appendMessages appends an event for each message, and before it which ones the
// reader will never get. It returns how many those are.
func (e *events) appendMessages(ms []lane.Message) (missing uint64) {
	for _, m := range ms {
		if from, to := e.way.write(m.Seq); from > 0 {
			missing += to - from + 1
			e.appendGap(from, to)
		}
		e.appendMessage(m)
	}
	return missing
}

// appendMessage appends the event of a message, with the position that a reader
// resumes from.
func (e *events) appendMessage(m lane.Message) {
	var id [20]byte // the longest uint64
	e.appendEvent("id: ", string(strconv.AppendUint(id[:0], e.way.low, 10)), "\ndata: ", m.Data, "\n\n")
}

// appendGap tells the reader which messages it will never get.
func (e *events) appendGap(from, to uint64) {
	e.appendEvent("event: gap\ndata: {\"from\":", strconv.FormatUint(from, 10),
		",\"to\":", strconv.FormatUint(to, 10), "}\n\n")
}

// appendHeartbeat appends a comment, which readers pass over.
func (e *events) appendHeartbeat() { e.appendEvent(": still here\n\n") }

// appendClose appends the reason of an end. A reader that was told may come
// back: the event has no id, so its last one stays.
func (e *events) appendClose(reason string) {
	e.appendEvent("event: close\ndata: {\"reason\":", strconv.Quote(reason), "}\n\n")
}

// appendEvent appends one event made of parts, as one HTTP/1.1 chunk (RFC 9112,
// section 7.1) where the reader speaks that.
func (e *events) appendEvent(parts ...string) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	e.text += size
	b := e.buf
	if e.chunked {
		b = strconv.AppendInt(b, int64(size), 16)
		b = append(b, "\r\n"...)
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	if e.chunked {
		b = append(b, "\r\n"...)
	}
	e.buf = b
}

// delivered settles the account of messages that were written, and of those
// missing between them.
func (e *events) delivered(ms []lane.Message, missing uint64) {
	e.missed(missing)
	for _, m := range ms {
		e.stats.Deliver(m)
	}
}

// missed counts a hole in the sequence. What the strategy gave up is counted
// already; the rest never came into the lane.
func (e *events) missed(n uint64) {
	if n == 0 {
		return
	}
	dropped := min(n, e.stats.Read(time.Now()).Dropped-e.told)
	e.told += dropped
	e.stats.Gap(n - dropped)
}

// shrink gives a buffer that has become large back.
func (e *events) shrink() {
	if cap(e.buf) > keepBytes {
		e.buf = nil
	}
}
