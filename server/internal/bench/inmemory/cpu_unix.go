//go:build unix

package inmemory

import (
	"fmt"
	"syscall"
)

// cpu is the processor time of this process so far in seconds, user and system
// together (getrusage(2)).
func cpu() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, nil
}
