package e2e

import (
	"fmt"
	"testing"
)

// report prints a measured number. Reports are for reading, with -v; no test
// fails by one.
func report(t *testing.T, what, format string, args ...any) {
	t.Helper()
	t.Logf("report: %-60s %s", what, fmt.Sprintf(format, args...))
}

func mebi(n uint64) float64 { return float64(n) / (1 << 20) }
