//go:build unix && !linux

package supervisor

import "syscall"

func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

func guarded(path string, args []string) (string, []string) { return shellGuard(path, args) }
