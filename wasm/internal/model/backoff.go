package model

// The waits between attempts to connect: short at first, since most failures are
// a restart, and never longer than a person would wait without doubt.
const (
	firstWaitMillis   = 500
	longestWaitMillis = 5_000
)

// Backoff counts failed attempts to connect. The zero value is ready.
type Backoff struct{ next int }

// NextMillis is how long to wait before the next attempt: 0.5 s, then twice as
// long each time, at most 5 s.
func (b *Backoff) NextMillis() int {
	wait := max(b.next, firstWaitMillis)
	b.next = min(2*wait, longestWaitMillis)
	return wait
}

// Reset starts anew, after an attempt succeeded.
func (b *Backoff) Reset() { b.next = 0 }
