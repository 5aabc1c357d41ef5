package figure_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
	"spillway/web/figure"
)

func every() []figure.Figure { return slices.Concat(figure.All, figure.Memory) }

func TestEveryFigureIsComplete(t *testing.T) {
	keys := map[string]bool{"rss": true, "limit": true} // taken by the big number
	for _, f := range every() {
		require.False(t, keys[f.Key], "key %q twice", f.Key)
		keys[f.Key] = true
		require.Regexp(t, `^[a-zA-Z0-9]+$`, f.Key)
		require.NotEmpty(t, f.Label, f.Key)
		require.Regexp(t, `(?s)^[A-Z0-9].*\.$`, f.Help, "a sentence")
		require.Regexp(t, `(?i)\b(counted|measured|read|from the)\b`, f.Help, "%s: where is it read?", f.Key)
	}
}

// Where nothing has been measured there is no number; a zero would be a lie.
func TestNoNumberBeforeTheFirstSample(t *testing.T) {
	require.Equal(t, figure.None, figure.RSS(wire.LaneSample{}))
	for _, f := range every() {
		require.Equal(t, figure.None, f.Text(wire.LaneSample{}), f.Key)
	}
}

func TestFiguresOfALane(t *testing.T) {
	s := wire.LaneSample{
		State: wire.StateRunning, RSS: 181 << 20, HeapInUse: 112 << 20, HeapTotal: 159 << 20, OutsideHeap: 4 << 20, Readers: 210,
		BacklogCount: 149_504, BacklogBytes: 146 << 20, OldestMicros: 12_900_000, Stalled: 198, StallMicros: 11_400_000,
		PerSecond: 10_500, HealthyP50: 2_100, HealthyP99: 7_400, Gaps: 218_304,
	}
	text := func(s wire.LaneSample) map[string]string {
		all := map[string]string{"rss": figure.RSS(s)}
		for _, f := range every() {
			all[f.Key] = f.Text(s)
		}
		return all
	}
	require.Equal(t, map[string]string{
		"rss": "181", "backlog": "146 MiB", "backlogCount": "149,504", "oldest": "12.9 s", "waiting": "198, 11.4 s",
		"delivered": "10.5k/s", "p50": "2 ms", "p99": "7 ms", "gaps": "218k",
		"heapInUse": "112 MiB", "heapTotal": "159 MiB", "outside": "4.0 MiB", "readers": "210",
	}, text(s))

	s.State = wire.StateKilled
	killed := text(s)
	require.Equal(t, "181", killed["rss"], "the last that was seen")
	require.Equal(t, "218k", killed["gaps"], "what was lost stays lost")
	require.Equal(t, figure.None, killed["backlog"])
	require.Equal(t, figure.None, killed["heapInUse"])

	s.State, s.Stalled, s.BacklogCount, s.HealthyP99 = wire.StateRunning, 0, 0, 0
	idle := text(s)
	require.Equal(t, "nobody", idle["waiting"])
	require.Equal(t, figure.None, idle["oldest"])
	require.Equal(t, figure.None, idle["p99"])
}

func TestKnobs(t *testing.T) {
	for _, k := range figure.Knobs {
		require.True(t, slices.IsSorted(k.Steps), k.Key)
		for i, v := range k.Steps {
			require.Equal(t, i, k.Nearest(v), "%s: a step is nearest to itself", k.Key)
		}
		require.Equal(t, 0, k.Nearest(-1))
		require.Equal(t, len(k.Steps)-1, k.Nearest(1<<40))
		require.NotEmpty(t, k.Help)
	}
}

func TestReaders(t *testing.T) {
	require.Equal(t, "slow readers", figure.Readers("slow"))
	require.Equal(t, "phones", figure.Readers("phones"))
}

func TestKnobTexts(t *testing.T) {
	text := func(key string, v int64) string {
		i := slices.IndexFunc(figure.Knobs, func(k figure.Knob) bool { return k.Key == key })
		require.GreaterOrEqual(t, i, 0, key)
		return figure.Knobs[i].Text(v)
	}
	require.Equal(t, "200", text("slowReaders", 200))
	require.Equal(t, "50/s", text("rate", 50))
	require.Equal(t, "512 B", text("size", 512))
	require.Equal(t, "1 KiB", text("size", 1024))
	require.Equal(t, "1.5 KiB", text("size", 1536))
	require.Equal(t, "16 KiB", text("size", 16<<10))
}
