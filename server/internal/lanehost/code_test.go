package lanehost

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// ends is a source and a sink that have nothing, or no room, until ctx is done.
type ends struct {
	empty, full bool
	requests    chan int
}

func (e ends) Next(ctx context.Context) (lane.Message, error) {
	if e.empty {
		<-ctx.Done()
	}
	return lane.Message{Data: "{}"}, ctx.Err()
}

func (e ends) Send(ctx context.Context, _ lane.Message) error {
	if e.full {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (e ends) SendAll(ctx context.Context, _ []lane.Message) error {
	return e.Send(ctx, lane.Message{})
}

func (e ends) Requests() <-chan int { return e.requests }

// lineOf is what a place says.
func lineOf(t *testing.T, p lane.Place) string {
	t.Helper()
	text, ok := strategy.Text(p.File)
	require.True(t, ok, p.File)
	lines := strings.Split(text, "\n")
	require.LessOrEqual(t, int(p.Line), len(lines), p.File)
	return strings.TrimSpace(lines[p.Line-1])
}

// Whatever a strategy waits for, the line is in a file that is shown with it.
func TestWhereStrategiesWaitIsShown(t *testing.T) {
	states := map[string]ends{
		"nothing comes": {empty: true},
		"no room":       {full: true},
		"no demand":     {requests: make(chan int)},
	}
	for _, d := range strategy.All {
		for name, e := range states {
			t.Run(d.Name+"/"+name, func(t *testing.T) {
				if d.Overflow != strategy.Waits {
					e.empty = true // after a few: it would take messages for ever
				}
				synctest.Test(t, func(t *testing.T) {
					way, err := d.Make(nil)
					require.NoError(t, err)
					ctx, cancel := context.WithCancel(t.Context())
					var running sync.WaitGroup
					source := &few{ends: e, left: 3}
					if e.requests != nil {
						e.requests = make(chan int) // of this bubble
					}
					running.Go(func() { _ = way.Run(ctx, source, e, new(lane.Stats)) })
					synctest.Wait()
					l := lookout{on: true}
					code := l.look()
					cancel()
					running.Wait()
					if d.Overflow == strategy.Ends && len(code.Parked) == 0 {
						return // it has ended, as it says
					}
					require.NotEmpty(t, code.Parked)
					for _, p := range code.Parked {
						require.NotEqual(t, "running", p.Reason, "%s:%d", p.File, p.Line)
						for _, at := range append([]lane.Place{p.Place}, p.Via...) {
							require.Contains(t, d.Files(), at.File, "%d %s", at.Line, lineOf(t, at))
							require.NotRegexp(t, `^(//|$|})`, lineOf(t, at))
						}
					}
				})
			})
		}
	}
}

// few yields some messages before what its ends say.
type few struct {
	ends
	left int
}

func (f *few) Next(ctx context.Context) (lane.Message, error) {
	if f.left == 0 {
		return f.ends.Next(ctx)
	}
	f.left--
	return lane.Message{Seq: uint64(3 - f.left), Data: "{}"}, nil
}

// The words are those that a crash of the program would print.
func TestReasonsAreTheRuntimes(t *testing.T) {
	var mu sync.Mutex
	var shared sync.RWMutex
	var group sync.WaitGroup
	cond := sync.NewCond(new(sync.Mutex))
	closed := make(chan struct{})
	sink := func(wait func()) strategy.Sink { return waiter{wait} }
	server, client := net.Pipe()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	group.Add(1)
	mu.Lock()
	shared.Lock()
	into := make(chan struct{})
	waits := map[string]func(){
		"IO wait":             func() { _, _ = listener.Accept() },
		"select":              func() { _, _ = server.Read(make([]byte, 1)) },
		"chan receive":        func() { <-closed },
		"chan send":           func() { into <- struct{}{} },
		"sync.Mutex.Lock":     func() { mu.Lock(); defer mu.Unlock() },
		"sync.RWMutex.RLock":  func() { shared.RLock(); defer shared.RUnlock() },
		"sync.WaitGroup.Wait": group.Wait,
		"sync.Cond.Wait":      func() { cond.L.Lock(); cond.Wait(); cond.L.Unlock() },
		"sleep":               func() { time.Sleep(patience / 10) },
	}
	way, err := func() (strategy.Strategy, error) { d, _ := strategy.Find("pull-drain"); return d.Make(nil) }()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, wait := range waits {
		running.Go(func() { _ = way.Run(ctx, &few{left: 1}, sink(wait), new(lane.Stats)) })
	}
	l := lookout{on: true}
	var seen []string
	require.Eventually(t, func() bool {
		seen = nil
		for _, p := range l.look().Parked {
			require.Equal(t, "pull_drain.go", p.File)
			require.Equal(t, "pullDrainStrategy.Run", p.Func)
			require.Contains(t, lineOf(t, p.Place), "out.SendAll(ctx, next.messages)")
			require.Empty(t, p.Via)
			seen = append(seen, p.Reason)
		}
		return len(seen) == len(waits) && !slices.Contains(seen, "running")
	}, patience, tick)
	for reason := range waits {
		require.Contains(t, seen, reason)
	}
	cancel()
	mu.Unlock()
	shared.Unlock()
	group.Done()
	close(closed)
	<-into
	cond.Broadcast()
	require.NoError(t, client.Close())
	require.NoError(t, listener.Close())
	running.Wait()
}

// waiter is a sink that waits in its own way.
type waiter struct{ wait func() }

func (w waiter) Send(context.Context, lane.Message) error {
	w.wait()
	return context.Canceled
}

func (w waiter) SendAll(ctx context.Context, _ []lane.Message) error {
	return w.Send(ctx, lane.Message{})
}

func (waiter) Requests() <-chan int { return nil }

// A line of a helper says little: who called it is told too.
func TestAQueueSaysWhoseItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := strategy.Find("push-buffered")
		way, err := d.Make(nil)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		const readers = 7
		for range readers {
			running.Go(func() { _ = way.Run(ctx, ends{empty: true}, ends{}, new(lane.Stats)) })
		}
		synctest.Wait()
		l := lookout{on: true}
		for range 2 { // the second time from what is known
			var lines []string
			for _, p := range l.look().Parked {
				require.Equal(t, uint64(readers), p.Count)
				if p.Reason == "select" {
					for _, at := range append([]lane.Place{p.Place}, p.Via...) {
						lines = append(lines, at.File+": "+at.Func+": "+lineOf(t, at))
					}
				}
			}
			require.Equal(t, []string{
				"bounded_run.go: wait: select {",
				"queue.go: queue.next: if err := wait(ctx, q.ready); err != nil {",
				"push_buffered.go: pushBufferedStrategy.Run.func2: if err := waiting.next(ctx, &next); err != nil {",
				"both.go: both.func2: work.Go(func() { end(first(ctx)) })",
			}, lines)
		}
		cancel()
		running.Wait()
	})
}

// The runtime keeps the innermost calls of a stack only.
func TestWhatIsTooDeepIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := strategy.Find("pull-drain")
		way, err := d.Make(nil)
		require.NoError(t, err)
		end := make(chan struct{})
		for calls, want := range map[int]uint64{20: 0, 40: 1} {
			var running sync.WaitGroup
			running.Go(func() {
				_ = way.Run(t.Context(), &few{left: 1}, waiter{func() { deeper(calls, end) }}, new(lane.Stats))
			})
			synctest.Wait()
			l := lookout{on: true}
			code := l.look()
			require.Equal(t, want, code.Deep)
			require.Len(t, code.Parked, 1-int(want))
			end <- struct{}{}
			running.Wait()
		}
	})
}

//go:noinline
func deeper(calls int, end chan struct{}) int {
	if calls == 0 {
		<-end
		return 0
	}
	return deeper(calls-1, end) + 1
}

func TestTooManyAreNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		for range maxLooked {
			go func() { <-end }()
		}
		synctest.Wait()
		l := lookout{on: true}
		code := l.look()
		require.True(t, code.TooMany)
		require.Greater(t, code.Goroutines, uint64(maxLooked))
		require.Zero(t, code.CostMicros)
		yes, no := true, false
		l.take(lane.Command{CodeAnyway: &yes})
		code = l.look()
		require.False(t, code.TooMany)
		require.Greater(t, code.Goroutines, uint64(maxLooked))
		l.take(lane.Command{CodeAnyway: &no})
		require.True(t, l.look().TooMany)
		close(end)
	})
}

func TestTalkLooksWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		ended := make(chan error, 1)
		go func() { ended <- h.Talk(t.Context(), link) }()
		looks := func() (n int) {
			for len(link.reports) > 0 {
				if r := <-link.reports; r.Code != nil {
					require.NotZero(t, r.Code.Goroutines)
					n++
				}
			}
			return n
		}
		time.Sleep(5 * time.Second)
		require.Zero(t, looks(), "nobody has asked")
		link.commands <- json.RawMessage(`{"Code":true}`)
		time.Sleep(5 * time.Second)
		require.InDelta(t, 5, looks(), 1)
		link.commands <- json.RawMessage(`{"Channels":{"slow":3}}`)
		time.Sleep(5 * time.Second)
		require.InDelta(t, 5, looks(), 1, "another command changes nothing")
		link.commands <- json.RawMessage(`{"Code":false}`)
		synctest.Wait()
		looks()
		time.Sleep(5 * time.Second)
		require.Zero(t, looks())
		close(link.commands)
		require.NoError(t, <-ended)
	})
}
