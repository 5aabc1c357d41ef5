package reader

import (
	"bytes"

	"spillway/wasm/wire"
)

// MaxLineBytes bounds one line of the stream. A longer line is counted as
// malformed and skipped; what follows is read as usual.
const MaxLineBytes = 1 << 20

// headBytes is how much of an event's data is looked at: the longest head of a
// message has 78 bytes.
const headBytes = 80

// name is what an event calls itself, as far as it makes a difference here.
type name uint8

const (
	nameMessage name = iota // none given, or "message"
	nameReady
	nameGap
	nameOther
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Reader decodes the stream of one lane and keeps its account. The zero value is
// ready. It belongs to one goroutine.
type Reader struct {
	account Account
	ages    Histogram

	line     []byte // unfinished line of earlier chunks
	skipping bool   // the unfinished line is over the bound
	afterCR  bool   // a LF that comes next belongs to the line before
	begun    bool   // the stream's first line is behind us

	// the event that is being collected
	name     name
	hasData  bool
	head     [headBytes]byte // beginning of its data
	headSize int
	dataSize int    // bytes of all its data
	id       []byte // last id seen in this stream
	lastID   []byte // the same, once its event is complete
}

// Account is the count so far.
func (r *Reader) Account() Account { return r.account }

// Ages are the ages of the messages on arrival. The caller ends a window with
// MoveTo or Reset.
func (r *Reader) Ages() *Histogram { return &r.ages }

// LastEventID is the id of the last complete event that carried one: where the
// next connection should go on. Empty before the first.
func (r *Reader) LastEventID() string { return string(r.lastID) }

// Reconnected says that what is fed next comes from a new connection: an
// unfinished event of the old one is discarded, as the standard demands. Account
// and last event id stay, so that a loss in between is seen.
func (r *Reader) Reconnected() {
	r.line, r.id = r.line[:0], append(r.id[:0], r.lastID...)
	r.skipping, r.afterCR, r.begun = false, false, false
	r.forget()
}

// Feed takes the next chunk, cut anywhere, and the time at which it was read, in
// microseconds since the Unix epoch, for the ages. It keeps nothing of p.
func (r *Reader) Feed(p []byte, nowMicros int64) {
	r.account.Bytes += uint64(len(p))
	if r.afterCR && len(p) > 0 {
		r.afterCR = false
		if p[0] == '\n' {
			p = p[1:]
		}
	}
	// Each kind of line end is searched for once, not once for every line.
	nextLF, nextCR := indexFrom(p, 0, '\n'), indexFrom(p, 0, '\r')
	for at := 0; at < len(p); {
		end := min(nextLF, nextCR)
		if end == len(p) {
			r.keep(p[at:])
			return
		}
		r.endLine(p[at:end], nowMicros)
		at = end + 1
		if end == nextCR {
			if at == len(p) {
				r.afterCR = true
			} else if p[at] == '\n' {
				at++
			}
			nextCR = indexFrom(p, at, '\r')
		}
		if nextLF < at {
			nextLF = indexFrom(p, at, '\n')
		}
	}
}

// indexFrom is the index of the first b in p at or behind from, or len(p).
func indexFrom(p []byte, from int, b byte) int {
	if i := bytes.IndexByte(p[from:], b); i >= 0 {
		return from + i
	}
	return len(p)
}

// keep stores the beginning of a line whose end has not arrived yet.
func (r *Reader) keep(part []byte) {
	switch {
	case r.skipping:
	case len(r.line)+len(part) > MaxLineBytes:
		r.skipping, r.line = true, r.line[:0]
	default:
		r.line = append(r.line, part...)
	}
}

// endLine completes a line with its last part and takes it in.
func (r *Reader) endLine(part []byte, nowMicros int64) {
	line := part
	if len(r.line) > 0 || r.skipping {
		r.keep(part)
		line = r.line
		r.line = r.line[:0]
	}
	first := !r.begun
	r.begun = true
	if r.skipping || len(line) > MaxLineBytes {
		r.skipping = false
		r.account.Malformed++
		return
	}
	if first {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	r.takeLine(line, nowMicros)
}

// takeLine interprets one line. Comments, which begin with a colon, and unknown
// fields change nothing.
func (r *Reader) takeLine(line []byte, nowMicros int64) {
	if len(line) == 0 {
		r.dispatch(nowMicros)
		return
	}
	field, value, _ := bytes.Cut(line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(field) { // does not allocate
	case "data":
		if r.hasData {
			r.dataSize++
			if r.headSize < headBytes {
				r.head[r.headSize] = '\n'
				r.headSize++
			}
		}
		r.hasData = true
		r.dataSize += len(value)
		r.headSize += copy(r.head[r.headSize:], value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = append(r.id[:0], value...)
		}
	case "event":
		r.name = nameOf(value)
	}
}

// dispatch ends the event that was collected. One without data is no event, but
// its id counts.
func (r *Reader) dispatch(nowMicros int64) {
	r.lastID = append(r.lastID[:0], r.id...)
	if r.hasData {
		switch r.name {
		case nameReady:
			r.account.Ready++
		case nameGap:
			r.account.Notices++
		case nameMessage:
			h, ok := wire.ScanHeader(r.head[:r.headSize])
			if !ok {
				r.account.Malformed++
				break
			}
			r.account.message(h, r.dataSize)
			r.ages.Record(nowMicros - h.AtMicros)
		}
	}
	r.forget()
}

func (r *Reader) forget() { r.name, r.hasData, r.headSize, r.dataSize = nameMessage, false, 0, 0 }

func nameOf(value []byte) name {
	switch string(value) { // does not allocate
	case "", "message":
		return nameMessage
	case "ready":
		return nameReady
	case "gap":
		return nameGap
	}
	return nameOther
}
