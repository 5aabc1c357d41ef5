package supervisor

import (
	"os"
	"syscall"
)

func processAttributes() *syscall.SysProcAttr {
	// Ctrl-C goes to the server alone.
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// guarded is the command itself: a foreign program outlives a killed server here.
func guarded(path string, args []string) (string, []string) { return path, args }

func kill(p *os.Process) error { return p.Kill() }

func killGroup(int) {}

// askToLeave is a kill: there is no SIGTERM.
func askToLeave(p *os.Process) error { return p.Kill() }

func status(state *os.ProcessState) (code int, signal string, own bool) {
	return state.ExitCode(), "", true
}

// killedByUs takes our word for it: TerminateProcess leaves only the code 1.
func killedByUs(string) bool { return true }

// yieldToOthers does nothing: priorities belong to whole processes here, and the
// server keeps its own.
func yieldToOthers() {}
