//go:build unix

package supervisor

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/child"
)

func TestStartReadyAndCommands(t *testing.T) {
	reports := make(chan json.RawMessage, 8)
	s := spec("echo", childConfig{})
	s.OnReport = func(r json.RawMessage) { reports <- r }
	p := start(t, s)

	var ready map[string]int
	require.NoError(t, json.Unmarshal(p.ReadyValue(), &ready))
	require.Equal(t, p.PID(), ready["pid"])

	require.NoError(t, p.Send(map[string]int{"rate": 5}))
	select {
	case r := <-reports:
		require.JSONEq(t, `{"rate":5}`, string(r))
	case <-time.After(10 * time.Second):
		require.Fail(t, "no report")
	}

	require.Eventually(t, func() bool {
		newest, ok := p.Sample() // the first is taken right after the fork
		return ok && newest.RSSBytes > 1<<20
	}, 5*time.Second, time.Millisecond)
	newest, _ := p.Sample()
	require.GreaterOrEqual(t, p.PeakBytes(), newest.RSSBytes)
}

func TestStopEndsAChildThroughItsStdin(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	begin := time.Now()
	require.NoError(t, p.Stop(t.Context()))
	require.Less(t, time.Since(begin), stopGrace)
	e := p.Exit()
	require.Equal(t, ReasonStopped, e.Reason)
	require.Zero(t, e.Code)
	require.Empty(t, e.Signal)
	require.ErrorIs(t, p.Send(1), ErrEnded)
	require.NoError(t, p.Stop(t.Context()), "again")
	requireGone(t, p.PID(), time.Second)
}

func TestStopDeliversCommandsBeforeTheEnd(t *testing.T) {
	var seen []string
	s := spec("echo", childConfig{})
	s.OnReport = func(r json.RawMessage) { seen = append(seen, string(r)) } // one goroutine, done before Done
	p := start(t, s)
	require.NoError(t, p.Send("last words"))
	require.NoError(t, p.Stop(t.Context()))
	require.Equal(t, []string{`"last words"`}, seen)
	require.Equal(t, ReasonStopped, p.Exit().Reason)
}

func TestAChildThatDoesNotLeaveIsKilledAfterTheGrace(t *testing.T) {
	for name, s := range map[string]Spec{
		"ignores the end of stdin": spec("deaf", childConfig{}),
		"ignores SIGTERM":          foreign(`trap "" TERM; echo trapped; while :; do sleep 1; done`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, s)
			if s.foreign() {
				require.Eventually(t, func() bool { return len(p.LogTail()) == 1 }, 10*time.Second, 5*time.Millisecond)
			}
			begin := time.Now()
			require.NoError(t, p.Stop(t.Context()))
			require.GreaterOrEqual(t, time.Since(begin), stopGrace)
			e := p.Exit()
			require.Equal(t, ReasonStopped, e.Reason)
			require.Equal(t, 137, e.Code)
			require.Equal(t, "SIGKILL", e.Signal)
			require.Contains(t, e.String(), "did not leave within 2s")
		})
	}
}

func TestAStuckChildSaysSoAndLeaves(t *testing.T) {
	p := start(t, spec("stubborn", childConfig{}))
	require.NoError(t, p.Stop(t.Context()))
	e := p.Exit()
	require.Equal(t, ReasonStopped, e.Reason)
	require.Equal(t, child.ExitFailure, e.Code)
	require.Contains(t, strings.Join(e.LogTail, "\n"), child.ErrStuck.Error())
}

func TestStopGivesUpWaitingWithItsContext(t *testing.T) {
	p := start(t, spec("stubborn", childConfig{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Stop(ctx), context.Canceled)
	require.Equal(t, ReasonStopped, ended(t, p).Reason, "the stopping goes on")
}

func TestStartFails(t *testing.T) {
	impatient := spec("mute", childConfig{})
	impatient.ReadyTimeout = 300 * time.Millisecond
	limited := spec("mute", childConfig{})
	limited.LimitBytes = 1
	for _, c := range []struct {
		name   string
		spec   Spec
		err    error
		reason Reason
		code   int
		tail   string
	}{
		{"never ready", impatient, ErrReadyTimeout, ReasonNeverReady, 137, "cannot listen port=80"},
		{"ends before", spec("fail", childConfig{}), ErrEnded, ReasonNeverReady, 1, "address in use"},
		{"unknown program", spec("nonsense", childConfig{}), ErrEnded, ReasonNeverReady, 64, "no such test program"},
		{"over the limit at once", limited, ErrEnded, ReasonLimit, 137, ""},
		{"stray print", spec("badready", childConfig{}), nil, ReasonNeverReady, 137, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := supervise(t).Start(t.Context(), c.spec)
			require.Nil(t, p)
			var never *NeverReadyError
			require.ErrorAs(t, err, &never)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
			}
			require.Equal(t, c.reason, never.Exit.Reason)
			require.Equal(t, c.code, never.Exit.Code)
			require.Contains(t, err.Error(), c.tail)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestStartNamesAMissingProgram(t *testing.T) {
	_, err := supervise(t).Start(t.Context(), Spec{Name: "redis", Path: "/no/such/redis-server"})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "start redis")
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := supervise(t).Start(ctx, spec("mute", childConfig{}))
	require.ErrorIs(t, err, context.Canceled)
}

func TestCrashTellsTheReason(t *testing.T) {
	p := start(t, spec("panic", childConfig{}))
	require.NoError(t, p.Send("go"))
	e := ended(t, p)
	require.Equal(t, ReasonCrashed, e.Reason)
	require.Equal(t, 2, e.Code)
	require.Empty(t, e.Signal)
	require.Contains(t, strings.Join(e.LogTail, "\n"), "panic: the queue is upside down")
	require.Contains(t, strings.Join(e.LogTail, "\n"), "goroutine ")
}

func TestFinishedByItself(t *testing.T) {
	p := start(t, spec("finish", childConfig{}))
	require.NoError(t, p.Send("go"))
	e := ended(t, p)
	require.Equal(t, ReasonFinished, e.Reason)
	require.Zero(t, e.Code)
}

func TestKillByHand(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	p.Kill()
	e := ended(t, p)
	require.Equal(t, ReasonKilled, e.Reason)
	require.Equal(t, 137, e.Code)
	p.Kill() // of the dead: nothing happens
}

func TestKillFromOutside(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	other, err := os.FindProcess(p.PID())
	require.NoError(t, err)
	require.NoError(t, other.Kill())
	e := ended(t, p)
	require.Equal(t, ReasonOutside, e.Reason)
	require.Equal(t, 137, e.Code)
	require.Equal(t, "SIGKILL", e.Signal)
}

func TestLimit(t *testing.T) {
	s := spec("grow", childConfig{BytesPerSecond: 100 << 20})
	s.LimitBytes = 128 << 20
	p := start(t, s)
	require.NoError(t, p.Send("go"))
	e := ended(t, p)
	require.Equal(t, ReasonLimit, e.Reason)
	require.Equal(t, 137, e.Code)
	require.Equal(t, "SIGKILL", e.Signal)
	require.Equal(t, s.LimitBytes, e.LimitBytes)
	require.Greater(t, e.Last.RSSBytes, s.LimitBytes, "the sample that decided")
	require.Equal(t, e.Last.RSSBytes-s.LimitBytes, e.OvershootBytes)
	require.Equal(t, e.Last.RSSBytes, e.PeakBytes)
	require.WithinDuration(t, e.At, e.Last.At, 5*time.Second)
	require.Contains(t, e.String(), "exit code 137 (SIGKILL): RSS 1")
}

func TestSetLimitLive(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	require.Zero(t, p.LimitBytes())
	p.SetLimit(1 << 20)
	e := ended(t, p)
	require.Equal(t, ReasonLimit, e.Reason)
	require.Equal(t, int64(1<<20), e.LimitBytes)
	require.Equal(t, e.Last.RSSBytes-1<<20, e.OvershootBytes)
}

func TestMalformedReportsAreCountedAndSkipped(t *testing.T) {
	reports := make(chan json.RawMessage, 8)
	s := spec("malformed", childConfig{})
	s.OnReport = func(r json.RawMessage) { reports <- r }
	p := start(t, s)
	select {
	case r := <-reports:
		require.JSONEq(t, `{"Seq":1,"Text":"","Dropped":0}`, string(r))
	case <-time.After(10 * time.Second):
		require.Fail(t, "no report")
	}
	require.Equal(t, uint64(2), p.Malformed(), "no JSON, and too long; an empty line is neither")
}

func TestAFloodOfReportsLosesTheOldestAndCounts(t *testing.T) {
	const count = 200_000
	s := spec("flood", childConfig{Count: count})
	var got, last int
	end := make(chan report, 1)
	s.OnReport = func(line json.RawMessage) {
		var r report
		if json.Unmarshal(line, &r) != nil || r.Seq <= last {
			end <- report{Text: "disorder"}
			return
		}
		got, last = got+1, r.Seq
		if r.Text == "end" {
			end <- r
		}
	}
	p := start(t, s)
	var r report
	select {
	case r = <-end:
	case <-time.After(30 * time.Second):
		require.Fail(t, "the newest report did not arrive")
	}
	require.NoError(t, p.Stop(t.Context()))
	require.Equal(t, "end", r.Text)
	// The last report itself may have pushed out some more after it was counted.
	require.LessOrEqual(t, got+int(r.Dropped), count+1)
	require.GreaterOrEqual(t, got+int(r.Dropped), count)
	require.Zero(t, p.Malformed())
}

func TestSendNeverBlocks(t *testing.T) {
	p := start(t, spec("stubborn", childConfig{}))
	pause(t, p.PID())
	big := strings.Repeat("x", 64<<10) // one fills the pipe
	var err error
	for range sendQueueLines + 3 {
		if err = p.Send(big); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ErrSendQueueFull)
	require.ErrorIs(t, p.Send(strings.Repeat("x", child.MaxLineBytes)), child.ErrLineTooLong)
	require.Error(t, p.Send(func() {}))
	p.Kill() // a stopped process and a full pipe hold nothing up
	require.Equal(t, ReasonKilled, ended(t, p).Reason)
}

func TestForeignProgram(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	s := foreign(`echo "to stdout"; echo "to stderr" >&2; exec sleep 1000`)
	s.Ready = DialReady(l.Addr().String())
	p := start(t, s)
	require.Nil(t, p.ReadyValue())
	require.ErrorIs(t, p.Send(1), ErrForeign)
	require.Eventually(t, func() bool { return len(p.LogTail()) == 2 }, 10*time.Second, 5*time.Millisecond)
	require.ElementsMatch(t, []string{"to stdout", "to stderr"}, p.LogTail())
	require.NoError(t, p.Stop(t.Context()))
	e := p.Exit()
	require.Equal(t, ReasonStopped, e.Reason)
	require.Equal(t, 143, e.Code, "SIGTERM")
}

func TestForeignProgramTakesItsChildrenAlong(t *testing.T) {
	p := start(t, foreign(`sleep 1000 & echo $!; wait`))
	require.Eventually(t, func() bool { return len(p.LogTail()) == 1 }, 10*time.Second, 5*time.Millisecond)
	var helper int
	require.NoError(t, json.Unmarshal([]byte(p.LogTail()[0]), &helper))
	p.Kill()
	ended(t, p)
	requireGone(t, helper, 5*time.Second)
}

func TestDialReadyFailsWhileNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, DialReady(address)(t.Context()))
	require.NoError(t, l.Close())
	require.Error(t, DialReady(address)(t.Context()))
}

func TestCloseEndsEverything(t *testing.T) {
	s := New(Options{})
	var all []*Process
	for _, name := range []string{"echo", "grow", "stubborn"} {
		p, err := s.Start(t.Context(), spec(name, childConfig{}))
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NotEmpty(t, ownGoroutines())
	waiting := make(chan error, 1)
	go func() {
		_, err := s.Start(context.Background(), spec("mute", childConfig{}))
		waiting <- err
	}()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.processes) == 4
	}, 10*time.Second, time.Millisecond)

	s.Close()
	for _, p := range all {
		select {
		case <-p.Done():
		default:
			require.Fail(t, "alive after Close", p.Name())
		}
	}
	require.ErrorIs(t, <-waiting, ErrClosed)
	_, err := s.Start(t.Context(), spec("echo", childConfig{}))
	require.ErrorIs(t, err, ErrClosed)
	s.Close() // again

	// Each has closed the channel that says so; its last instructions may be due.
	for deadline := time.Now().Add(5 * time.Second); len(ownGoroutines()) > 0 && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	require.Empty(t, ownGoroutines())
}

// ownGoroutines are the stacks of goroutines that run a method of this package.
func ownGoroutines() (own []string) {
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "spillway/server/internal/supervisor.(*") {
			own = append(own, stack)
		}
	}
	return own
}
