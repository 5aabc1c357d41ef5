package script

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0B": 0, "1B": 1, "512B": 512, "1KiB": 1024, "1KB": 1000, "1kB": 1000, "64KiB": 65536, "1.5MiB": 3 << 19,
		"1MB": 1e6, "1GiB": 1 << 30, "2GB": 2e9, "64 KiB": 65536, "0.5B": 1, "1e3B": 1000, "1048576GiB": 1 << 50,
	} {
		got, err := ParseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "64", "KiB", "B", "64kib", "64KIB", "64K", "-1B", "1e300GB", "InfB", "NaNB", "64KiB/s", "64KiBB", "6 4B", "1048577GiB", "size", "1,5MB",
	} {
		_, err := ParseSize(text)
		require.ErrorContains(t, err, "want a number with its unit", text)
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{"0/s": 0, "10/s": 10, "0.5/s": 0.5, "10 /s": 10, "1e3/s": 1000} {
		got, err := ParseRate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "10", "/s", "-1/s", "10/min", "Inf/s", "NaN/s", "10/s/s", "10KB/s"} {
		_, err := ParseRate(text)
		require.ErrorContains(t, err, "want messages per second", text)
	}
}

func TestParseThroughput(t *testing.T) {
	for text, want := range map[string]Throughput{"0B/s": 0, "4KB/s": 4000, "4KiB/s": 4096, "1MiB/s": 1 << 20, "1.5 MB/s": 1.5e6} {
		got, err := ParseThroughput(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "4", "4KB", "4/s", "/s", "-4KB/s", "4KB/m", "KB/s"} {
		_, err := ParseThroughput(text)
		require.ErrorContains(t, err, "want bytes per second", text)
	}
}

func FuzzUnits(f *testing.F) {
	for _, seed := range []string{"64KiB", "10/s", "4KB/s", "1e999B", "NaN/s", "0x1p4B", "1_0B", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if size, err := ParseSize(text); err == nil {
			require.GreaterOrEqual(t, size, Size(0))
			require.LessOrEqual(t, size, Size(maxBytes))
		}
		if rate, err := ParseRate(text); err == nil {
			require.GreaterOrEqual(t, rate, Rate(0))
			require.False(t, math.IsInf(float64(rate), 0))
		}
		if throughput, err := ParseThroughput(text); err == nil {
			require.GreaterOrEqual(t, throughput, Throughput(0))
			require.LessOrEqual(t, throughput, Throughput(maxBytes))
		}
	})
}
