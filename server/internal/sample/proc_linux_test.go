package sample

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResidentPages(t *testing.T) {
	for line, want := range map[string]int64{
		"8000 1234 56 1 0 700 0\n": 1234,
		"0 0 0 0 0 0 0\n":          0,
		"1 2":                      2,
	} {
		got, ok := residentPages([]byte(line))
		require.True(t, ok, line)
		require.Equal(t, want, got, line)
	}
	for _, line := range []string{"", "1", "1 x", "1 -2 3", "1 99999999999999999999 3"} {
		_, ok := residentPages([]byte(line))
		require.False(t, ok, line)
	}
}

func TestCPUTicks(t *testing.T) {
	const after = " S 1 2 3 4 5 6 7 8 9 10 250 17 0 0 20 0 8 0 100 200 300"
	for _, name := range []string{"(spillway)", "(a b)", "(tmux: (1) x)", "()) 1 2)"} {
		got, ok := cpuTicks([]byte("42 " + name + after))
		require.True(t, ok, name)
		require.Equal(t, int64(267), got, name)
	}
	for _, line := range []string{"", "42 (x", "42 (x) S 1 2", "42 (x) S 1 2 3 4 5 6 7 8 9 10 u 17 0"} {
		_, ok := cpuTicks([]byte(line))
		require.False(t, ok, line)
	}
}

func FuzzProcLines(f *testing.F) {
	f.Add([]byte("8000 1234 56 1 0 700 0\n"))
	f.Add([]byte("42 (x) S 1 2 3 4 5 6 7 8 9 10 250 17 0 0"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if pages, ok := residentPages(line); ok && pages < 0 {
			t.Fatalf("%d pages in %q", pages, line)
		}
		if ticks, ok := cpuTicks(line); ok && ticks < 0 {
			t.Fatalf("%d ticks in %q", ticks, line)
		}
	})
}

func TestProcReadAllocatesNothing(t *testing.T) {
	p := openSelf(t)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := p.Read(); err != nil {
			t.Fatal(err)
		}
	}))
}
