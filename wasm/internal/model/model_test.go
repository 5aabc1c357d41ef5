package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/internal/model"
)

func TestMeter(t *testing.T) {
	var m model.Meter
	require.Zero(t, m.PerSecond())
	m.Add(1_000, 0)
	require.Zero(t, m.PerSecond(), "one count is no speed")
	for i := range int64(100) {
		m.Add(1_000+uint64(i+1)*400, (i+1)*100_000)
	}
	require.InDelta(t, 4_000, m.PerSecond(), 1e-6)

	for i := range int64(20) {
		m.Add(41_000, 10_000_000+(i+1)*100_000)
	}
	require.Zero(t, m.PerSecond(), "two seconds of silence")

	m.Add(10, 13_000_000)
	require.Zero(t, m.PerSecond(), "another account")
	m.Add(110, 13_100_000)
	require.InDelta(t, 1_000, m.PerSecond(), 1e-6)
	m.Add(210, 13_100_000)
	m.Add(310, 1_000)
	require.Zero(t, m.PerSecond(), "another clock")
}

func TestBackoff(t *testing.T) {
	var b model.Backoff
	var waits []int
	for range 6 {
		waits = append(waits, b.NextMillis())
	}
	require.Equal(t, []int{500, 1_000, 2_000, 4_000, 5_000, 5_000}, waits)
	b.Reset()
	require.Equal(t, 500, b.NextMillis())
}
