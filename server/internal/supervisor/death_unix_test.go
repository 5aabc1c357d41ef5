//go:build unix

package supervisor

import (
	"context"
	"encoding/json"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// foreign is a shell script as a foreign program, ready at once.
func foreign(script string) Spec {
	return Spec{
		Name: "foreign", Path: "/bin/sh", Args: []string{"-c", script},
		Ready: func(context.Context) error { return nil },
	}
}

// pause stops a process without ending it.
func pause(t testing.TB, pid int) {
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
}

// kill -9 of a server leaves no child and no grandchild behind. A deaf leaf,
// which ignores the end of its stdin, shows Pdeathsig.
func TestNothingOutlivesAKilledParent(t *testing.T) {
	for _, leaf := range []string{"echo", "stubborn", "deaf"} {
		t.Run(leaf, func(t *testing.T) {
			if leaf == "deaf" && runtime.GOOS != "linux" {
				t.Skip("no Pdeathsig on this OS")
			}
			p := start(t, spec("nest", childConfig{Depth: 2, Leaf: leaf}))
			var below []int
			require.NoError(t, json.Unmarshal(p.ReadyValue(), &below))
			require.Len(t, below, 2)
			require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
			for _, pid := range below {
				requireGone(t, pid, time.Second)
			}
			require.Equal(t, ReasonOutside, ended(t, p).Reason)
		})
	}
}

func TestEachChildLeadsAProcessGroup(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	group, err := syscall.Getpgid(p.PID())
	require.NoError(t, err)
	require.Equal(t, p.PID(), group, "Ctrl-C of our terminal must not reach it")
}

func TestASignalOfItsOwnDoingIsACrash(t *testing.T) {
	p := start(t, foreign("read x; kill -ABRT $$"))
	require.NoError(t, p.pipes.stdin.Close())
	e := ended(t, p)
	require.Equal(t, ReasonCrashed, e.Reason)
	require.Equal(t, 134, e.Code)
	require.Equal(t, "SIGABRT", e.Signal)
}

// The guard is for systems without Pdeathsig; it runs on any Unix.
func TestShellGuard(t *testing.T) {
	begin := func(script string) (*exec.Cmd, func() error) {
		path, args := shellGuard("/bin/sh", []string{"-c", script})
		cmd := exec.Command(path, args...)
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { killGroup(cmd.Process.Pid) })
		return cmd, stdin.Close
	}
	t.Run("kills when stdin ends", func(t *testing.T) {
		cmd, closeStdin := begin("exec sleep 1000")
		require.NoError(t, closeStdin())
		require.Error(t, cmd.Wait())
		require.Equal(t, syscall.SIGKILL, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	})
	t.Run("passes arguments and exit code on", func(t *testing.T) {
		cmd, _ := begin("exit 7")
		require.Error(t, cmd.Wait())
		require.Equal(t, 7, cmd.ProcessState.ExitCode())
	})
}
