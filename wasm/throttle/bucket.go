package throttle

import "math/bits"

// Bounds of what one read asks for.
const (
	// minReadBytes keeps the slowest readers from waking for a few bytes.
	minReadBytes = 256
	// calmReadBytes is what a read asks for as long as that is not more than a
	// second's worth: one page. Hundreds of slow readers wake a few times a
	// second each, not dozens of times.
	calmReadBytes = 4 << 10
	// MaxReadBytes bounds every read. In a browser larger views bring no more
	// speed, and a worker's buffer has this size once and for all.
	MaxReadBytes = 256 << 10
)

const (
	microsPerSecond = 1_000_000
	// burstMicros is how much unused time a bucket remembers. It makes up for a
	// timer that fires late and for bytes that arrive late, and it bounds what a
	// reader may catch up on after silence to a quarter of a second at its rate.
	burstMicros = microsPerSecond / 4
	// longestMicros bounds a wait, so that a tiny rate cannot overflow the clock.
	longestMicros = 3600 * microsPerSecond
)

// Bucket paces reads to a rate. It is a token bucket kept as one point in time,
// the moment at which everything read so far is paid for (the generic cell rate
// algorithm, ITU-T I.371), so it needs no timer and cannot drift: over any
// stretch of t seconds a reader that always has bytes to read gets rate × t,
// give or take the burst and one read.
//
// Time comes in from outside, in microseconds of any clock that does not run
// backwards. A Bucket belongs to one goroutine; [Pacer] is the one to share.
type Bucket struct {
	rate   Rate
	paidAt float64 // microseconds: when all bytes read so far are paid for
	drawn  Rate    // the rate at which paidAt was calculated; > 0
}

// NewBucket returns a bucket without debt and without saved time.
func NewBucket(rate Rate, nowMicros int64) *Bucket {
	return &Bucket{rate: rate, paidAt: float64(nowMicros), drawn: max(rate, 1)}
}

// Rate is the rate last set.
func (b *Bucket) Rate() Rate { return b.rate }

// SetRate changes the rate at once. What was read before and is not paid for
// yet is waited for at the old or the new rate, whichever is faster: a reader
// that is released does not sit out an old debt, and one that is slowed down
// does not pay for fast bytes at the slow rate.
func (b *Bucket) SetRate(r Rate, nowMicros int64) {
	if r < 0 {
		r = Unlimited
	}
	if r == b.rate {
		return
	}
	b.rate = r
	now := float64(nowMicros)
	debt := b.paidAt - now
	switch {
	case debt <= 0 || r == Unlimited:
		b.paidAt = now
	case r > b.drawn:
		b.paidAt = now + debt*float64(b.drawn)/float64(r)
	}
	if r > 0 {
		b.drawn = r
	}
}

// Spend tells the bucket that n bytes were read and answers how long to wait
// before the next read. It reports paused, and no wait, while the rate is
// Stopped: then only a change of rate lets the reader go on. Spend(0, now) asks
// again without reading.
func (b *Bucket) Spend(n int, nowMicros int64) (waitMicros int64, paused bool) {
	now := float64(nowMicros)
	switch b.rate {
	case Unlimited:
		b.paidAt = now
		return 0, false
	case Stopped:
		return 0, true
	}
	b.paidAt = max(b.paidAt, now-burstMicros)
	b.paidAt += min(float64(n)/float64(b.rate)*microsPerSecond, longestMicros)
	return int64(min(max(b.paidAt-now, 0), longestMicros)), false
}

// ReadBytes is how many bytes the next read should ask for: a tenth of a
// second's worth, so that the flow is even and a change of rate is felt soon,
// but 4 KiB where that is at most a second's worth (4 to 40 KB/s), so that many
// slow readers cost little. It is a power of two from 256 B to 256 KiB, the
// smallest for a stopped reader and the largest for an unlimited one.
func (b *Bucket) ReadBytes() int {
	if b.rate < 0 {
		return MaxReadBytes
	}
	want := max(int64(b.rate)/10, min(int64(b.rate), calmReadBytes))
	want = min(max(want, minReadBytes), MaxReadBytes)
	return 1 << (bits.Len64(uint64(want)) - 1)
}
