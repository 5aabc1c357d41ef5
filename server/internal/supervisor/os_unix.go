//go:build unix

package supervisor

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// kill ends the process and what it has started in its process group.
func kill(p *os.Process) error {
	// The process first: it cannot be mistaken for another with the same pid.
	if err := p.Kill(); err != nil {
		return err
	}
	killGroup(p.Pid)
	return nil
}

// killGroup ends what is left of the process group that pid led.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL) // no such group: nothing is left
}

// askToLeave is for programs that do not know that EOF on stdin means to leave.
func askToLeave(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// status is the exit code as a shell shows it, and the signal if one ended the
// process.
func status(state *os.ProcessState) (code int, signal string, own bool) {
	ws, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return state.ExitCode(), "", true
	}
	return 128 + int(ws.Signal()), unix.SignalName(ws.Signal()), raisedByItself(ws.Signal())
}

// raisedByItself tells the signals that a program's own fault or abort raises
// from those that somebody sends.
func raisedByItself(s syscall.Signal) bool {
	switch s {
	case syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL,
		syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGTRAP, syscall.SIGPIPE:
		return true
	}
	return false
}

// killedByUs reports whether an end can be the work of kill.
func killedByUs(signal string) bool { return signal == "SIGKILL" }
