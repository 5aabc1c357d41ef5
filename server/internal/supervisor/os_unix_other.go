//go:build unix && !linux

package supervisor

import "syscall"

func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

func guarded(path string, args []string) (string, []string) { return shellGuard(path, args) }

// yieldToOthers does nothing: priorities belong to whole processes here, and the
// server keeps its own.
func yieldToOthers() {}
