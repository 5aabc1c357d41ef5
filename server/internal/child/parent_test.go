package child

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// With roleEnv set the test binary is a program of TestExitWithParent.
const roleEnv = "SPILLWAY_CHILD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(m.Run())
	case "launcher": // starts a server and hangs, as `go run` does
		server := exec.Command(os.Args[1])
		server.Env = append(os.Environ(), roleEnv+"=server")
		server.Stdin, server.Stdout, server.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := server.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	case "server": // says that it watches, then runs until told to leave
		ctx, stop := ExitWithParent(context.Background())
		defer stop()
		fmt.Println("watching")
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			fmt.Println("stdin ended")
			os.Exit(ExitOK)
		}()
		<-ctx.Done()
		fmt.Println(context.Cause(ctx))
	}
}

// The same server is left alone under two launchers: one called go, one not.
func TestExitWithParent(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the parent's name is not visible on this OS")
	}
	for launcher, last := range map[string]string{
		"go":      ErrGoRunGone.Error(),
		"setsid":  "stdin ended",
		"go-like": "stdin ended",
	} {
		t.Run(launcher, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), launcher)
			require.NoError(t, os.Link(os.Args[0], path))
			stdinR, stdinW, err := os.Pipe()
			require.NoError(t, err)
			stdoutR, stdoutW, err := os.Pipe()
			require.NoError(t, err)

			cmd := exec.Command(path, os.Args[0])
			cmd.Env = append(os.Environ(), roleEnv+"=launcher")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = stdinR, stdoutW, os.Stderr
			require.NoError(t, cmd.Start())
			defer stdinW.Close() // the server's other way to end, whatever happens here
			require.NoError(t, stdinR.Close())
			require.NoError(t, stdoutW.Close())

			lines := NewLineReader(stdoutR, MaxLineBytes)
			next := func() string {
				require.NoError(t, stdoutR.SetReadDeadline(time.Now().Add(10*time.Second)))
				line, _, err := lines.Next()
				require.NoError(t, err)
				return string(line)
			}
			require.Equal(t, "watching", next())
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())

			if last != ErrGoRunGone.Error() {
				// It is to stay: nothing happens in the time of several looks.
				require.NoError(t, stdoutR.SetReadDeadline(time.Now().Add(3*parentPoll)))
				_, _, err := lines.Next()
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.NoError(t, stdinW.Close())
			}
			require.Equal(t, last, next())
			require.NoError(t, stdoutR.SetReadDeadline(time.Now().Add(10*time.Second)))
			_, _, err = lines.Next()
			require.ErrorIs(t, err, io.EOF, "it has exited")
		})
	}
}

func TestWatchParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var parent atomic.Int64
		parent.Store(7)
		time.AfterFunc(3*time.Second, func() { parent.Store(1) })
		begin := time.Now()
		require.True(t, watchParent(t.Context(), 7, func() int { return int(parent.Load()) }))
		require.LessOrEqual(t, time.Since(begin), 3*time.Second+parentPoll)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.False(t, watchParent(ctx, 1, func() int { return 1 }))
	})
}

func TestExitWithParentStops(t *testing.T) {
	ctx, stop := ExitWithParent(t.Context())
	stop()
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.ErrorIs(t, context.Cause(ctx), context.Canceled)
}
