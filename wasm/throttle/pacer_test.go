//go:build !js

package throttle_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

// read reads as a reader does that always finds bytes, until ctx is done.
func read(ctx context.Context, p *throttle.Pacer, total *atomic.Int64) {
	for n := 0; p.Wait(ctx, n) == nil; {
		n = p.ReadBytes()
		total.Add(int64(n))
		if p.Rate() == throttle.Unlimited {
			time.Sleep(time.Millisecond) // what reading takes, so that virtual time goes on
		}
	}
}

func TestPacerKeepsEveryRateWithinOnePercent(t *testing.T) {
	for _, rate := range []throttle.Rate{1_000, 4_000, 10_000, 40_000, 100_000, 1_500_000, 16_000_000} {
		t.Run(rate.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				p := throttle.NewPacer(rate)
				var total atomic.Int64
				read(ctx, p, &total)
				exact := float64(rate) * 20
				// The last read may lie partly behind the end of the 20 s.
				require.InDelta(t, exact, float64(total.Load()), exact/100+float64(p.ReadBytes()))
			})
		})
	}
}

func TestPacerMakesUpForLateTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		p := throttle.NewPacer(rate)
		began := time.Now()
		total := 0
		for time.Since(began) < 20*time.Second {
			n := p.ReadBytes()
			total += n
			require.NoError(t, p.Wait(t.Context(), n))
			time.Sleep(20 * time.Millisecond) // the timer fired late
		}
		require.InEpsilon(t, 20*rate, total, 0.01)
	})
}

func TestPacerActsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := throttle.NewPacer(1_000)
		var total atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			read(ctx, p, &total)
		}()
		defer func() {
			cancel()
			<-done
		}()

		time.Sleep(10 * time.Second)
		p.SetRate(1_000_000)
		before := total.Load()
		time.Sleep(time.Second)
		synctest.Wait()
		require.InEpsilon(t, 1_000_000, total.Load()-before, 0.08, "the rate counts from the change on")

		p.SetRate(throttle.Stopped)
		synctest.Wait()
		before = total.Load()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, before, total.Load(), "nothing is read while stopped")

		p.SetRate(10_000)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.InDelta(t, 100_000, total.Load()-before, 2*4096, "no burst for the time it was stopped")

		p.SetRate(throttle.Unlimited)
		before = total.Load()
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		require.GreaterOrEqual(t, total.Load()-before, int64(9*throttle.MaxReadBytes))
	})
}

func TestPacerDraggedSliderDoesNotGainBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := throttle.NewPacer(100_000)
		var total atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			read(ctx, p, &total)
		}()
		defer func() {
			cancel()
			<-done
		}()
		for i := range 200 { // 20 s, ten changes a second around 100 KB/s
			p.SetRate(throttle.Rate(100_000 + 10_000*(i%2)))
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		require.InEpsilon(t, 2_100_000, total.Load(), 0.02)
	})
}

func TestPacerWaitEndsWithItsContext(t *testing.T) {
	for _, rate := range []throttle.Rate{throttle.Stopped, 1_000, throttle.Unlimited} {
		t.Run(rate.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				p := throttle.NewPacer(rate)
				var err error
				for err == nil {
					err = p.Wait(ctx, 4<<10)
					time.Sleep(time.Millisecond)
				}
				require.ErrorIs(t, err, context.Canceled)
			})
		})
	}
}
