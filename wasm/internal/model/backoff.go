package model

import "time"

// The waits between attempts to connect: short at first, since most failures are
// a restart, and never longer than a person would wait without doubt.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 5 * time.Second
)

// Backoff counts failed attempts to connect. The zero value is ready.
type Backoff struct{ next time.Duration }

// Next is how long to wait before the next attempt: 0.5 s, then twice as long
// each time, at most 5 s.
func (b *Backoff) Next() time.Duration {
	wait := max(b.next, firstWait)
	b.next = min(2*wait, longestWait)
	return wait
}

// Reset starts anew, after an attempt succeeded.
func (b *Backoff) Reset() { b.next = 0 }
