package script

import (
	"fmt"
	"math"
	"testing"
	"time"

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

func TestTheSizeThatWasMeant(t *testing.T) {
	for text, want := range map[string]string{
		"64k": "64KiB", "64K": "64KiB", "64kib": "64KiB", "64KIB": "64KiB", "1.5m": "1.5MiB", "2g": "2GiB", "64 k": "64KiB",
		"64kb": "64KB", "64Mb": "64MB", "10b": "10B", "64": "", "64x": "", "k": "", "": "", "1.2.3k": "", "64ib": "",
	} {
		require.Equal(t, want, nearestSize(text), text)
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
		throttle, err := ParseThrottle(text)
		require.NoError(t, err, text)
		require.Equal(t, Throttle(want), throttle, text)
	}
	for _, text := range []string{"", "4", "4KB", "4/s", "/s", "-4KB/s", "4KB/m", "KB/s", "None"} {
		_, err := ParseThroughput(text)
		require.ErrorContains(t, err, "want bytes per second", text)
		_, err = ParseThrottle(text)
		require.ErrorContains(t, err, "want bytes per second, for example 4KB/s, or none", text)
	}
	throttle, err := ParseThrottle("none")
	require.NoError(t, err)
	require.Equal(t, NoThrottle, throttle)
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "5s": 5 * time.Second, "1m30s": 90 * time.Second, "0s": 0, "1.5s": 1500 * time.Millisecond, "24h": 24 * time.Hour,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, Duration(want), got, text)
	}
	for _, text := range []string{"", "0", "+0", "5", "-5s", "-0s", "5 s", "1d", "24h1s", "s", "1e3s", "Inf"} {
		_, err := ParseDuration(text)
		require.ErrorContains(t, err, "for example 500ms, 5s or 1m30s", text)
	}
}

func TestParseOtherWords(t *testing.T) {
	buffer, err := ParseBuffer("os")
	require.NoError(t, err)
	require.Equal(t, BufferOS, buffer)
	_, err = ParseBuffer("OS")
	require.ErrorContains(t, err, "for example 64KiB, or os")
	gogc, err := ParseGOGC("off")
	require.NoError(t, err)
	require.Equal(t, GOGCOff, gogc)
	for _, text := range []string{"0", "-1", "100%", "1.5", "", "1000001"} {
		_, err = ParseGOGC(text)
		require.ErrorContains(t, err, "want percent as a whole number", text)
	}
	_, err = parseWord("policy", "c", "a", "b")
	require.EqualError(t, err, `unknown policy "c": want a or b`)
}

// TestStringIsTheShortestSpelling that parses back to the same.
func TestStringIsTheShortestSpelling(t *testing.T) {
	for want, value := range map[string]fmt.Stringer{
		"0B": Size(0), "64KiB": Size(65536), "64KB": Size(64000), "1.5MB": Size(1_500_000), "512MiB": Size(512 << 20), "1001B": Size(1001), "1GiB": Size(1 << 30),
		"512B": Size(512), "10/s": Rate(10), "0.5/s": Rate(0.5), "4KB/s": Throttle(4000), "none": NoThrottle, "0B/s": Throttle(0), "1MiB/s": Throughput(1 << 20),
		"os": BufferOS, "4KiB": Buffer(4096), "off": GOGCOff, "100": GOGC(0), "50": GOGC(50),
		"0s": Duration(0), "500ms": Duration(5e8), "1m30s": Duration(90e9), "1m": Duration(60e9), "2h": Duration(7200e9), "1h5m": Duration(3900e9), "1h0m5s": Duration(3605e9), "10m": Duration(600e9),
	} {
		require.Equal(t, want, value.String())
	}
}

func TestOptions(t *testing.T) {
	for unit, c := range map[Unit]struct{ text, above, wrong string }{
		UnitNone: {"8", "11", "1.5"}, UnitBytes: {"8B", "1KiB", "8"}, UnitBytesPerSecond: {"8B/s", "1KB/s", "8B"},
		UnitPerSecond: {"8/s", "11/s", "8"}, UnitSeconds: {"8s", "1m", "8"}, UnitPercent: {"8%", "11%", "8"},
	} {
		o := Option{Name: "o", Unit: unit, Min: 2, Max: 10}
		n, err := o.Parse(c.text)
		require.NoError(t, err)
		require.Equal(t, 8.0, n)
		_, err = o.Parse(c.above)
		require.ErrorContains(t, err, "o "+c.above+": want 2")
		require.ErrorContains(t, err, " to 10")
		_, err = o.Parse(c.wrong)
		require.ErrorContains(t, err, "for example "+unitWords[unit].example)
	}
	_, err := Option{Name: "o", Min: 5}.Parse("4")
	require.EqualError(t, err, "o 4: want 5 or more")
	n, err := Option{Name: "o", Min: 5}.Parse("4e9")
	require.NoError(t, err)
	require.Equal(t, 4e9, n)
}

func FuzzUnits(f *testing.F) {
	for _, seed := range []string{"64KiB", "10/s", "4KB/s", "1e999B", "NaN/s", "0x1p4B", "1_0B", "", "1m30s", "none", "os", "off"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if size, err := ParseSize(text); err == nil {
			require.GreaterOrEqual(t, size, Size(0))
			require.LessOrEqual(t, size, Size(maxBytes))
			back, err := ParseSize(size.String())
			require.NoError(t, err)
			require.Equal(t, size, back)
		}
		if rate, err := ParseRate(text); err == nil {
			require.GreaterOrEqual(t, rate, Rate(0))
			require.False(t, math.IsInf(float64(rate), 0))
			back, err := ParseRate(rate.String())
			require.NoError(t, err)
			require.Equal(t, rate, back)
		}
		if throttle, err := ParseThrottle(text); err == nil {
			require.GreaterOrEqual(t, throttle, NoThrottle)
			back, err := ParseThrottle(throttle.String())
			require.NoError(t, err)
			require.Equal(t, throttle, back)
		}
		if d, err := ParseDuration(text); err == nil {
			require.GreaterOrEqual(t, d, Duration(0))
			back, err := ParseDuration(d.String())
			require.NoError(t, err)
			require.Equal(t, d, back)
		}
		if g, err := ParseGOGC(text); err == nil {
			back, err := ParseGOGC(g.String())
			require.NoError(t, err)
			require.Equal(t, g, back)
		}
	})
}
