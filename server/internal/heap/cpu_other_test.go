//go:build !unix

package heap

import "time"

// cpuSeconds is the time while do runs, where no process knows its CPU time.
func cpuSeconds(do func()) float64 {
	began := time.Now()
	do()
	return time.Since(began).Seconds()
}
