package strategy_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

type options = map[string]string

// with runs f over a strategy in a bubble.
func with(t *testing.T, name string, o options, demand bool, f func(t *testing.T, l *strategytest.Line)) {
	t.Helper()
	d, ok := strategy.Find(name)
	require.True(t, ok)
	synctest.Test(t, func(t *testing.T) { f(t, strategytest.StartWith(t, d, o, demand, false)) })
}

// stalled gives one message more than a stalled reader takes for a while, so
// that a Send blocks, and then n more, one after another.
func stalled(l *strategytest.Line, n int) {
	for range n + 1 {
		l.Give(1)
		synctest.Wait()
	}
}

func closedFor(t *testing.T, want strategy.Reason, err error) {
	t.Helper()
	var closed *strategy.CloseError
	require.ErrorAs(t, err, &closed)
	require.Equal(t, want, closed.Reason)
	require.ErrorContains(t, err, string(want)+": ")
}

// On a transport without demand a Send that has not returned is no demand, and
// its message is not in the queue.
func TestOverflowOfAStalledConnection(t *testing.T) {
	for _, test := range []struct {
		name     string
		options  options
		taken    uint64 // of 10
		received []uint64
	}{
		{"push-buffered", nil, 10, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"pull-drain", nil, 1, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"block", options{"capacity": "4"}, 6, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"request-n", options{"prefetch": "4"}, 4, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"drop-newest", options{"capacity": "4"}, 10, []uint64{1, 2, 3, 4, 5}},
		{"drop-oldest", options{"capacity": "4"}, 10, []uint64{1, 7, 8, 9, 10}},
		{"drop", nil, 10, []uint64{1}},
		{"latest", nil, 10, []uint64{1, 10}},
		{"batch", options{"messages": "4", "wait": "0s"}, 6, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"parallel", options{"workers": "4", "work": "0s"}, 6, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			with(t, test.name, test.options, false, func(t *testing.T, l *strategytest.Line) {
				stalled(l, 9)
				c := l.Counts()
				require.Equal(t, test.taken, c.Accepted)
				require.Zero(t, c.Delivered)
				require.Equal(t, test.taken, c.BacklogCount+c.Dropped)
				l.Serve(100)
				l.Source.Fail(io.EOF)
				require.ErrorIs(t, l.Wait(), io.EOF)
				require.Equal(t, test.received, l.Sink.Received())
				require.Equal(t, uint64(10-len(test.received)), l.Counts().Dropped)
			})
		})
	}
}

func TestErrorCutsAStalledConnection(t *testing.T) {
	with(t, "error", nil, false, func(t *testing.T, l *strategytest.Line) {
		stalled(l, 0)
		require.False(t, l.Ended())
		stalled(l, 0)
		closedFor(t, strategy.ReasonOverflow, l.Wait())
		c := l.Counts()
		require.Zero(t, c.Delivered+c.Dropped)
		require.Equal(t, uint64(2), c.BacklogCount, "the lane settles what is left")
	})
}

func TestBufferErrorDeliversWhatWaitsFirst(t *testing.T) {
	with(t, "buffer-error", options{"capacity": "4"}, false, func(t *testing.T, l *strategytest.Line) {
		stalled(l, 9)
		require.False(t, l.Ended())
		require.Equal(t, uint64(6), l.Counts().Accepted, "nothing is taken after the overflow")
		require.True(t, l.Source.Closed.Load(), "and nobody waits for it at the source")
		l.Serve(4)
		synctest.Wait()
		require.False(t, l.Ended())
		l.Serve(1)
		closedFor(t, strategy.ReasonOverflow, l.Wait())
		require.Equal(t, []uint64{1, 2, 3, 4, 5}, l.Sink.Received())
		require.Equal(t, uint64(1), l.Counts().Dropped)
	})
}

// publishOn: 256 at the start, then 192 each time 192 were consumed.
func TestRequestNFetchesAheadAsPublishOnDoes(t *testing.T) {
	for _, demand := range []bool{false, true} {
		with(t, "request-n", nil, demand, func(t *testing.T, l *strategytest.Line) {
			l.Give(2000)
			read := func(n int) uint64 {
				l.Serve(n)
				if demand {
					l.Request(n)
				}
				synctest.Wait()
				return l.Source.Taken.Load()
			}
			synctest.Wait()
			require.Equal(t, uint64(256), l.Source.Taken.Load())
			require.Equal(t, uint64(256), read(191))
			require.Equal(t, uint64(448), read(1))
			require.Equal(t, uint64(448), read(191))
			require.Equal(t, uint64(640), read(1))
			require.Equal(t, uint64(1024), read(400))
			require.ErrorIs(t, l.Stop(), context.Canceled)
		})
	}
}

func TestReplenishIsRounded(t *testing.T) {
	for _, test := range []struct {
		prefetch, replenish string
		first, after, then  uint64 // taken; sent until more are taken; taken then
	}{
		{"1", "75", 1, 1, 2},
		{"1", "1", 1, 1, 2},
		{"2", "75", 2, 2, 4},
		{"4", "75", 4, 3, 7},
		{"10", "75", 10, 8, 18},
		{"10", "1", 10, 1, 11},
		{"10", "100", 10, 10, 20},
	} {
		with(t, "request-n", options{"prefetch": test.prefetch, "replenish": test.replenish}, false, func(t *testing.T, l *strategytest.Line) {
			l.Give(100)
			for range test.after {
				synctest.Wait()
				require.Equal(t, test.first, l.Source.Taken.Load(), test)
				l.Serve(1)
			}
			synctest.Wait()
			require.Equal(t, test.then, l.Source.Taken.Load(), test)
			require.ErrorIs(t, l.Stop(), context.Canceled)
		})
	}
}

func TestDisconnectForAReason(t *testing.T) {
	for _, test := range []struct {
		name    string
		options options
		size    int
		given   int // that the limit allows
		want    strategy.Reason
	}{
		{"too many messages", options{"messages": "5"}, 10, 6, strategy.ReasonPendingMessages},
		{"too many bytes", options{"bytes": "50B"}, 10, 6, strategy.ReasonPendingBytes},
		{"one that is too large", options{"bytes": "50B"}, 51, 1, strategy.ReasonPendingBytes},
	} {
		t.Run(test.name, func(t *testing.T) {
			with(t, "disconnect", test.options, false, func(t *testing.T, l *strategytest.Line) {
				l.SizeBytes = test.size
				stalled(l, test.given-1)
				require.False(t, l.Ended())
				l.Give(1)
				closedFor(t, test.want, l.Wait())
				require.Zero(t, l.Counts().Dropped, "the lane settles what is left")
			})
		})
	}
	with(t, "disconnect", options{"deadline": "3s"}, false, func(t *testing.T, l *strategytest.Line) {
		for range 10 { // each write has its own time
			l.Give(1)
			<-time.After(2 * time.Second)
			l.Serve(1)
			synctest.Wait()
		}
		begin := time.Now()
		<-time.After(time.Minute) // and silence is no write
		l.Give(1)
		closedFor(t, strategy.ReasonWriteDeadline, l.Wait())
		require.Equal(t, time.Minute+3*time.Second, time.Since(begin))
		require.Equal(t, uint64(10), l.Counts().Delivered)
	})
}

func TestBatchIsOneWrite(t *testing.T) {
	for _, test := range []struct {
		name    string
		options options
		after   []time.Duration // from the message before
		want    []int
	}{
		{"enough messages", options{"messages": "3", "wait": "1s"}, make([]time.Duration, 7), []int{3, 3, 1}},
		{"enough bytes", options{"bytes": "25B", "wait": "1s"}, make([]time.Duration, 7), []int{3, 3, 1}},
		{"time", options{"wait": "1s"}, []time.Duration{0, 600 * time.Millisecond, 300 * time.Millisecond, 200 * time.Millisecond, 0}, []int{3, 2}},
		{"one by one", options{"messages": "1"}, make([]time.Duration, 3), []int{1, 1, 1}},
		{"what is there", options{"wait": "0s"}, []time.Duration{0, 1, 1}, []int{1, 1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			with(t, "batch", test.options, false, func(t *testing.T, l *strategytest.Line) {
				l.Serve(100)
				for _, pause := range test.after {
					<-time.After(pause)
					l.Give(1)
				}
				<-time.After(time.Minute)
				require.Equal(t, test.want, l.Sink.Writes())
				require.ErrorIs(t, l.Stop(), context.Canceled)
			})
		})
	}
}

// With demand a batch is as large as what was asked for.
func TestBatchHeedsDemand(t *testing.T) {
	with(t, "batch", options{"messages": "4"}, true, func(t *testing.T, l *strategytest.Line) {
		l.Serve(100)
		l.Give(8)
		for _, n := range []int{3, 2, 100} {
			<-time.After(time.Second)
			l.Request(n)
		}
		<-time.After(time.Second)
		require.Equal(t, []int{3, 1, 1, 3}, l.Sink.Writes())
		require.ErrorIs(t, l.Stop(), context.Canceled)
	})
}

// Four workers do in a second what one does in four; the order is kept, or is
// that of the work, the same in every run.
func TestParallelWorks(t *testing.T) {
	took := map[string]time.Duration{}
	orders := map[string][]uint64{}
	for _, test := range []options{
		{"workers": "1"}, {"workers": "4"}, {"workers": "4", "keep_order": "0"}, {"workers": "4", "keep_order": "0", "work": "1s"},
	} {
		name := test["workers"] + test["keep_order"] + test["work"]
		test["work"] = "1s"
		with(t, "parallel", test, false, func(t *testing.T, l *strategytest.Line) {
			begin := time.Now()
			l.Serve(100)
			l.Give(100)
			l.Source.Fail(io.EOF)
			require.ErrorIs(t, l.Wait(), io.EOF)
			took[name], orders[name] = time.Since(begin), l.Sink.Received()
		})
	}
	require.InDelta(t, 100, took["1"].Seconds(), 2, "the average is what was asked for")
	require.InDelta(t, 25, took["40"].Seconds(), 2)
	require.InDelta(t, 30, took["4"].Seconds(), 4, "with the order kept the slow ones hold up the others")
	require.True(t, slices.IsSorted(orders["4"]))
	require.False(t, slices.IsSorted(orders["40"]))
	require.Equal(t, orders["40"], orders["401s"])
}

// A reader that asks for less than one has made a mistake.
func TestBadRequests(t *testing.T) {
	for _, d := range strategy.All {
		for _, n := range []int{0, -1} {
			with(t, d.Name, nil, true, func(t *testing.T, l *strategytest.Line) {
				l.Give(1)
				l.Request(n)
				closedFor(t, strategy.ReasonBadRequest, l.Wait())
			})
		}
	}
}

// A demand without end stays one; a reader that will ask for nothing more gets
// what it has asked for.
func TestDemandAtItsEnds(t *testing.T) {
	for _, d := range strategy.All {
		t.Run(d.Name, func(t *testing.T) {
			with(t, d.Name, nil, true, func(t *testing.T, l *strategytest.Line) {
				for range 5 {
					l.Request(1<<63 - 1)
				}
				synctest.Wait()
				l.Serve(100)
				l.Give(50)
				<-time.After(time.Minute)
				require.Len(t, l.Sink.Received(), 50)
				require.Zero(t, l.Counts().Dropped)
				require.ErrorIs(t, l.Stop(), context.Canceled)
			})
			with(t, d.Name, nil, true, func(t *testing.T, l *strategytest.Line) {
				l.Request(2)
				l.Sink.Hangup()
				synctest.Wait()
				l.Serve(100)
				l.Give(2)
				<-time.After(time.Minute)
				require.Equal(t, []uint64{1, 2}, l.Sink.Received())
				require.False(t, l.Ended())
				require.ErrorIs(t, l.Stop(), context.Canceled)
			})
		})
	}
}

// A demand that was sent before a message came counts for it, also if nobody has
// had the time to look at it.
func TestDemandThatWasSentCounts(t *testing.T) {
	for _, d := range strategy.All {
		t.Run(d.Name, func(t *testing.T) {
			for range repeats {
				with(t, d.Name, nil, true, func(t *testing.T, l *strategytest.Line) {
					l.Serve(100)
					for range 3 {
						l.Request(1)
						l.Give(1)
					}
					l.Sink.Hangup()
					l.Source.Fail(io.EOF)
					<-time.After(time.Minute)
					require.Equal(t, []uint64{1, 2, 3}, l.Sink.Received())
					require.Zero(t, l.Counts().Dropped)
					l.Stop() //nolint:errcheck // the end of the source, or of the context
				})
			}
		})
	}
}

// What was asked for is never lost, also while the connection has no room for
// it: the source waits, as in a call of onNext.
func TestWhatWasAskedForIsNotLost(t *testing.T) {
	for _, name := range []string{"drop", "latest", "drop-oldest", "drop-newest", "error", "buffer-error"} {
		t.Run(name, func(t *testing.T) {
			with(t, name, nil, true, func(t *testing.T, l *strategytest.Line) {
				l.Request(10)
				synctest.Wait()
				l.Give(10)
				synctest.Wait()
				c := l.Counts()
				require.Equal(t, uint64(2), c.Accepted, "one in Send, one that waits to be next")
				require.Zero(t, c.Dropped)
				l.Serve(10)
				synctest.Wait()
				require.Len(t, l.Sink.Received(), 10)
				require.Zero(t, l.Counts().Dropped)
				require.ErrorIs(t, l.Stop(), context.Canceled)
			})
		})
	}
}

// An error of the source that is no end of it cuts off what waits.
func TestAFailingSourceIsNoEnd(t *testing.T) {
	failed := errors.New("not a message")
	for _, name := range []string{"drop-oldest", "drop-newest", "latest", "drop", "push-buffered"} {
		with(t, name, nil, false, func(t *testing.T, l *strategytest.Line) {
			l.Give(10)
			synctest.Wait()
			l.Source.Fail(failed)
			require.ErrorIs(t, l.Wait(), failed)
			require.Zero(t, l.Counts().Delivered)
		})
	}
}
