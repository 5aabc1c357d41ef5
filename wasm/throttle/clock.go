//go:build !js

package throttle

import "time"

// NewPacer returns a pacer at this rate on the system's clock.
func NewPacer(rate Rate) *Pacer { return NewPacerOn(systemClock{time.Now()}, rate) }

// systemClock counts from when it was made, with the monotonic part of the
// system's clock.
type systemClock struct{ began time.Time }

func (c systemClock) NowMicros() int64 { return time.Since(c.began).Microseconds() }

func (c systemClock) AfterMicros(micros int64, f func()) (stop func()) {
	timer := time.AfterFunc(time.Duration(micros)*time.Microsecond, f)
	return func() { timer.Stop() }
}
