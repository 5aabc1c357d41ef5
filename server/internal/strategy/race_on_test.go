//go:build race

package strategy_test

// The race detector slows bubbles down by ten, and tens of thousands of them in
// one process end it now and then with a failed check of its own
// (tsan_rtl.cpp:346, "kEpochLast"; Go 1.26.8).
const (
	seeds   = 25
	repeats = 10
)
