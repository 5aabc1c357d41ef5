//go:build unix

package heap

import (
	"syscall"
	"time"
)

// cpuSeconds is the CPU time of this process while do runs.
func cpuSeconds(do func()) float64 {
	before := spent()
	do()
	return (spent() - before).Seconds()
}

func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
