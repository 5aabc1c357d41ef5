package supervisor

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestChildrenYield holds that children are nicer than the server, and that the
// server's own threads are not.
func TestChildrenYield(t *testing.T) {
	p := start(t, spec("echo", childConfig{}))
	runtime.LockOSThread() // priorities are a thread's
	defer runtime.UnlockOSThread()
	own, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid())
	require.NoError(t, err)
	child, err := unix.Getpriority(unix.PRIO_PROCESS, p.PID())
	require.NoError(t, err)
	// getpriority(2) as a system call answers 20 - nice.
	require.Equal(t, childNiceness, 20-child)
	require.Less(t, 20-own, childNiceness)
}
