package supervisor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// guarded is the command itself: Pdeathsig holds for foreign programs too.
func guarded(path string, args []string) (string, []string) { return path, args }

// yieldToOthers lowers the priority of the calling thread, which those that it
// forks inherit. On Linux niceness belongs to a thread (setpriority(2), C
// library differences). That it fails is no reason not to start anything.
func yieldToOthers() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), childNiceness) }
