package child

import "golang.org/x/sys/unix"

// processName is the name of the program that pid runs, "" if it cannot be read.
func processName(pid int) string {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(info.Proc.P_comm[:])
}
