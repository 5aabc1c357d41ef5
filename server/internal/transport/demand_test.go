package transport

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// drain takes what is asked for by now.
func drain(d *demand) (sum int) {
	for {
		select {
		case n, ok := <-d.requests:
			if !ok {
				return sum
			}
			sum += n
		default:
			return sum
		}
	}
}

// Nobody takes it, and nothing is lost, nothing grows and nobody waits.
func TestDemandAddsUp(t *testing.T) {
	d := newDemand()
	want := 0
	for n := uint32(1); n <= 100_000; n++ {
		d.add(n)
		want += int(n)
	}
	require.Len(t, d.requests, requestsKept)
	require.Equal(t, want, drain(d))
}

func TestDemandWithoutEnd(t *testing.T) {
	d := newDemand()
	for range requestsKept {
		d.requests <- math.MaxInt
	}
	d.add(math.MaxUint32)
	for range requestsKept {
		require.Equal(t, math.MaxInt, <-d.requests)
	}
}

// Whoever takes demand while more comes gets all of it.
func TestDemandIsTakenWhileItComes(t *testing.T) {
	const requests = 100_000
	d := newDemand()
	var work sync.WaitGroup
	work.Go(func() {
		defer d.cancel()
		for range requests {
			d.add(3)
		}
	})
	sum := 0
	for n := range d.requests {
		if n < 1 {
			t.Fatal(n)
		}
		sum += n
	}
	work.Wait()
	require.Equal(t, 3*requests, sum)
}

// A strategy that looks for demand that came before finds some, whatever comes
// at the same time.
func TestDemandThatWaitsIsAlwaysSeen(t *testing.T) {
	d := newDemand()
	d.add(1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 100_000 {
			d.add(1)
		}
	}()
	for {
		select {
		case <-over:
			require.Equal(t, 100_001, drain(d))
			return
		default:
			require.NotEmpty(t, d.requests)
		}
	}
}

// After a cancel nothing comes, and saying it again does nothing (Reactive
// Streams, rules 3.6 and 3.7).
func TestDemandAfterACancel(t *testing.T) {
	d := newDemand()
	d.add(5)
	d.cancel()
	d.cancel()
	d.add(7)
	require.Equal(t, 5, <-d.requests)
	_, ok := <-d.requests
	require.False(t, ok)
}
