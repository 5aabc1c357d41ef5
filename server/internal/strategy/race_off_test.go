//go:build !race

package strategy_test

const (
	seeds   = 300 // random cases of each strategy
	repeats = 200 // of what must not depend on who is faster
)
