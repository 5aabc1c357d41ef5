package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/child"
	"spillway/server/internal/sample"
)

// The tests start their own test binary as children: with childEnv set it is
// one of the programs below instead of the tests.
const childEnv = "SPILLWAY_SUPERVISOR_TEST_CHILD"

type childConfig struct {
	BytesPerSecond int    // grow: touched for good
	Depth          int    // nest: processes below this one
	Leaf           string // nest: the last of them
	Count          int    // flood: reports
}

type report struct {
	Seq     int
	Text    string
	Dropped uint64
}

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	if name == "deaf" { // ready, and after that without regard to anything
		fmt.Println("null")
		hang()
	}
	program, ok := programs[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such test program:", name)
		os.Exit(child.ExitUsage)
	}
	o := child.Options{Stdin: os.Stdin, Stdout: os.Stdout, Log: child.NewLog(os.Stderr)}
	err := child.Serve(context.Background(), o, program)
	if err != nil {
		o.Log.Error("leave", "err", err)
	}
	os.Exit(child.ExitCode(err))
}

// burnCPU is far more than any program needs to start, and no multiple of
// samplePeriod.
const burnCPU = 330 * time.Millisecond

type runtimeSettings struct {
	Environ          []string
	GCPercent        int
	MemoryLimitBytes int64
}

var programs = map[string]func(ctx context.Context, cfg childConfig, link *child.Link) error{
	// echo reports each command until there are no more.
	"echo": func(_ context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(map[string]int{"pid": os.Getpid()}); err != nil {
			return err
		}
		for c := range link.Commands() {
			if err := link.Report(c); err != nil {
				return err
			}
		}
		return nil
	},
	// mute never gets ready.
	"mute": func(ctx context.Context, _ childConfig, _ *child.Link) error {
		slog.New(slog.NewJSONHandler(os.Stderr, nil)).Warn("cannot listen", "port", 80)
		fmt.Fprintln(os.Stderr, "plain words")
		<-ctx.Done()
		return ctx.Err()
	},
	// environment is ready with its variables and with what the runtime makes of
	// them.
	"environment": func(ctx context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(runtimeSettings{
			Environ: os.Environ(), GCPercent: debug.SetGCPercent(100), MemoryLimitBytes: debug.SetMemoryLimit(-1),
		}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	},
	// burn uses processor time once it gets a command, and leaves.
	"burn": func(_ context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		<-link.Commands()
		self, err := sample.OpenProc(os.Getpid())
		if err != nil {
			return err
		}
		defer self.Close()
		for {
			used, err := self.Read()
			if err != nil || used.CPU >= burnCPU {
				return err
			}
		}
	},
	// fail ends before it is ready.
	"fail": func(context.Context, childConfig, *child.Link) error { return errors.New("address in use") },
	// badready says something else first.
	"badready": func(ctx context.Context, _ childConfig, _ *child.Link) error {
		fmt.Println("hello, I am a stray print")
		<-ctx.Done()
		return ctx.Err()
	},
	// panic panics on its first command.
	"panic": func(_ context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		<-link.Commands()
		panic("the queue is upside down")
	},
	// finish leaves on its first command.
	"finish": func(_ context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		<-link.Commands()
		return nil
	},
	// grow allocates at a rate once it gets a command.
	"grow": func(ctx context.Context, cfg childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		<-link.Commands()
		return grow(ctx, cfg.BytesPerSecond)
	},
	// stubborn does not leave when its context ends.
	"stubborn": func(_ context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(map[string]int{"pid": os.Getpid()}); err != nil {
			return err
		}
		hang()
		return nil
	},
	// malformed reports among lines that are none.
	"malformed": func(ctx context.Context, _ childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		fmt.Println("{not json")
		fmt.Println("")
		os.Stdout.Write(append(make([]byte, 2*child.MaxLineBytes), '\n'))
		if err := link.Report(report{Seq: 1}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	},
	// flood reports as fast as it can, and last how many it had to drop.
	"flood": func(ctx context.Context, cfg childConfig, link *child.Link) error {
		if err := link.Ready(nil); err != nil {
			return err
		}
		for i := range cfg.Count {
			if err := link.Report(report{Seq: i + 1}); err != nil {
				return err
			}
		}
		if err := link.Report(report{Seq: cfg.Count + 1, Dropped: link.ReportsDropped(), Text: "end"}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	},
	// nest starts a chain of processes and is ready with all their pids.
	"nest": func(ctx context.Context, cfg childConfig, link *child.Link) error {
		s := New(Options{Log: child.NewLog(os.Stderr)})
		defer s.Close()
		next := cfg.Leaf
		if cfg.Depth > 1 {
			next = "nest"
		}
		p, err := s.Start(ctx, spec(next, childConfig{Depth: cfg.Depth - 1, Leaf: cfg.Leaf}))
		if err != nil {
			return err
		}
		pids := []int{p.PID()}
		if next == "nest" {
			var below []int
			if err := json.Unmarshal(p.ReadyValue(), &below); err != nil {
				return err
			}
			pids = append(pids, below...)
		}
		if err := link.Ready(pids); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	},
}

// hang never returns. Not select{}: the runtime would call it a deadlock.
func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

// grow allocates and touches memory at an even rate.
func grow(ctx context.Context, bytesPerSecond int) error {
	const period = 5 * time.Millisecond
	tick := time.NewTicker(period)
	defer tick.Stop()
	var held [][]byte
	start, total := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("held %d chunks: %w", len(held), ctx.Err())
		case now := <-tick.C:
			due := int(now.Sub(start).Seconds()*float64(bytesPerSecond)) - total
			b := make([]byte, max(due, 0))
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			held = append(held, b)
			total += len(b)
		}
	}
}

func spec(program string, cfg childConfig) Spec {
	return Spec{Name: program, Config: cfg, Env: []string{childEnv + "=" + program}}
}

// start starts a program under a supervisor of its own.
func start(t testing.TB, s Spec) *Process {
	t.Helper()
	p, err := supervise(t).Start(t.Context(), s)
	require.NoError(t, err)
	return p
}

func supervise(t testing.TB) *Supervisor {
	s := New(Options{})
	t.Cleanup(s.Close)
	return s
}

// ended waits for the exit of a process that is about to end.
func ended(t testing.TB, p *Process) Exit {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(20 * time.Second):
		require.Fail(t, "process does not end", "pid %d", p.PID())
	}
	return p.Exit()
}

// requireGone waits until the pid is gone or a zombie.
func requireGone(t testing.TB, pid int, within time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		proc, err := sample.OpenProc(pid)
		if err != nil {
			return errors.Is(err, sample.ErrExited)
		}
		defer proc.Close()
		_, err = proc.Read()
		return errors.Is(err, sample.ErrExited)
	}, within, 5*time.Millisecond, "pid %d is still there", pid)
}
