package transport

import (
	"time"

	"spillway/server/internal/kernel"
)

// deadProbes is how many questions for room a machine may leave unanswered, with
// a pause that doubles from one to the next.
const deadProbes = 2

// dead tells whether the other machine is gone, and not merely its reader slow:
// nothing was heard of it for two heartbeats, though it was sent something well
// after it was heard last, and had to acknowledge that. A machine whose reader
// does not read acknowledges what is sent to it, and answers that it has no room.
// One that has just been sent something may still answer, so it takes two looks.
//
// It needs no lock: a Send that waits for room is just what a dead machine brings
// about. Left alone it would wait until the kernel gives up, after 15 attempts of
// which each waits twice as long as the one before, up to two minutes (tcp(7),
// tcp_retries2), and a lane that buffers would go on buffering for nobody. Only
// whoever calls Heartbeat may call it.
func (l *line) dead() bool {
	info, err := l.Kernel(time.Now())
	switch {
	case err != nil || !unanswered(info, pongPatience*l.heartbeat):
		l.unheard = 0
		return false
	case l.unheard == 0:
		l.unheard = info.Heard
		return false
	}
	const second = time.Second
	return info.Heard > l.unheard+second // it was not heard in between
}

// unanswered tells whether the other machine was not heard for that long, though
// it should have answered.
func unanswered(info kernel.Info, since time.Duration) bool {
	const second = time.Second // many times what an answer takes
	switch {
	case info.Heard < since:
		return false
	case info.InFlight > 0:
		return info.Heard > info.Sent+second
	}
	return info.Probes >= deadProbes
}
