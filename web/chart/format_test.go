package chart

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFormat(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	table := func(format func(float64) string, cases map[float64]string) {
		t.Helper()
		for v, want := range cases {
			require.Equal(t, want, format(v), "%v", v)
		}
	}
	table(Bytes, map[float64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1023.7: "1.0 KiB", 1024: "1.0 KiB", 1536: "1.5 KiB",
		17.4 * mib: "17.4 MiB", 99.96 * mib: "100 MiB", 181 * mib: "181 MiB", 1023 * mib: "1023 MiB",
		1023.6 * mib: "1.0 GiB", 1.2 * 1024 * mib: "1.2 GiB", -2 * mib: "-2.0 MiB", inf: "–", 1e30: "867361737988 EiB",
	})
	table(MiB, map[float64]string{0: "0.0", 17.4 * mib: "17.4", 181.3 * mib: "181", 256 * mib: "256", 99.96 * mib: "100", inf: "–"})
	table(Short, map[float64]string{
		0: "0", 0.5: "0.5", 0.04: "0", -0.04: "0", 4: "4", 9.96: "10", 950: "950", 999.6: "1.0k", 1100: "1.1k", 10500: "10.5k",
		99960: "100k", 218304: "218k", 999600: "1.0M", 3.4e6: "3.4M", 5e9: "5.0G", inf: "–",
	})
	table(ByteRate, map[float64]string{
		0: "0 B/s", 512: "512 B/s", 999.7: "1 KB/s", 4000: "4 KB/s", 32000: "32 KB/s", 131072: "131 KB/s",
		1.5e6: "1.5 MB/s", 687e6: "687 MB/s", inf: "unlimited", -inf: "–",
	})
	table(Clock, map[float64]string{0: "00:00", 21.9: "00:21", 60: "01:00", 3727: "1:02:07", -3: "00:00", inf: "277777:46:40"})
	for _, format := range []func(float64) string{Bytes, MiB, Short, ByteRate} {
		require.Equal(t, "–", format(nan))
	}
	require.Equal(t, "00:00", Clock(nan))
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 218304: "218,304", math.MaxUint64: "18,446,744,073,709,551,615"} {
		require.Equal(t, want, Count(n))
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 0: "0 ms", 400 * time.Microsecond: "<1 ms", 6 * time.Millisecond: "6 ms", 99400 * time.Microsecond: "99 ms",
		99600 * time.Microsecond: "0.1 s", 100 * time.Millisecond: "0.1 s", 12940 * time.Millisecond: "12.9 s", 59940 * time.Millisecond: "59.9 s",
		59960 * time.Millisecond: "1 min 0 s", 125 * time.Second: "2 min 5 s", 3599900 * time.Millisecond: "1 h 0 min", 62 * time.Minute: "1 h 2 min",
		math.MaxInt64: "2562047 h 47 min",
	} {
		require.Equal(t, want, Age(d.Microseconds()), "%v", d)
	}
}
