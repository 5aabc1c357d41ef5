package run

import (
	"fmt"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
	"spillway/web/chart"
)

// bufferOS leaves send buffers to the operating system, as in lane.Config.
const bufferOS = int(script.BufferOS)

// sendBufferOf is the send buffer with which a lane of a scenario begins.
func sendBufferOf(l script.Lane) int {
	if l.SendBuffer == 0 {
		return lane.DefaultSendBufferBytes
	}
	return int(l.SendBuffer)
}

func checkSendBuffer(name string, n int) error {
	if n != bufferOS && (n < 1 || n > maxBufferBytes) {
		return invalid("sendBufferBytes %d of lane %s: from 1 to %d, or -1 for what the system gives", n, name, maxBufferBytes)
	}
	return nil
}

// tellSendBuffer writes down another send buffer of a lane, and what the kernel
// makes of it: it grants less than was asked for without a word.
func (s *session) tellSendBuffer(kind EntryKind, at time.Time, l *laneRun, asked int) {
	s.say(kind, false, sendBufferSentence(l.name, asked))
	if !l.ended() {
		s.markAt(l, at, chart.MarkNote, sendBufferLabel(asked))
	}
}

func sendBufferSentence(name string, asked int) string {
	if asked == bufferOS {
		return name + " leaves the send buffers of those that connect from now on to the system. Open connections keep theirs."
	}
	text := fmt.Sprintf("%s has send buffers of %s now.", name, chart.Bytes(float64(asked)))
	granted, err := kernel.GrantedSendBuffer(asked)
	switch {
	case err != nil: // it is not visible here what was granted
	case granted < asked:
		text += fmt.Sprintf(" The kernel grants %s of it, its maximum (net.core.wmem_max).", chart.Bytes(float64(granted)))
	case granted > asked:
		text += fmt.Sprintf(" The kernel grants %s, its minimum.", chart.Bytes(float64(granted)))
	}
	return text
}

func sendBufferLabel(asked int) string {
	if asked == bufferOS {
		return "send buffers of the system"
	}
	return "send buffers " + chart.Bytes(float64(asked))
}
