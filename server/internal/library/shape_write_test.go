package library_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/library"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// recording is a minute with ten samples a second: push climbs 10 MiB a second
// and is killed at 256 MiB, pull stays at 20.
func recording() record.Recording {
	rec := record.Recording{
		Header: record.Header{
			Scenario: "one-slow-reader", StartedAt: time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC),
			Command: "spillway run\none-slow-reader.yaml", Environment: record.Environment{OS: "linux/amd64", Cores: 2},
		},
		Marks: []wire.LaneHistory{
			{Marks: []wire.HistoryMark{{ElapsedMicros: 1e6, Kind: uint8(chart.MarkNote)}, {ElapsedMicros: 25_600_000, Kind: uint8(chart.MarkKill)}}},
			{},
		},
	}
	for tenth := range 600 {
		push := wire.LaneSample{State: wire.StateRunning, RSS: uint64(tenth) << 20, Limit: 256 << 20}
		if tenth >= 256 {
			push = wire.LaneSample{State: wire.StateKilled, RSS: 256 << 20, Limit: 256 << 20}
		}
		rec.Moments = append(rec.Moments, run.View{
			Elapsed: time.Duration(tenth) * 100 * time.Millisecond,
			Lanes:   []run.LaneView{{Name: "push"}, {Name: "pull"}},
			Sample:  wire.Sample{Lanes: []wire.LaneSample{push, {State: wire.StateRunning, RSS: 20 << 20}}},
		})
	}
	return rec
}

func TestWriteShape(t *testing.T) {
	var out strings.Builder
	require.NoError(t, library.WriteShape(&out, recording()))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, []string{
		"# limit_mib push=256.0",
		"# died_seconds push=25.6",
		"# RSS in MiB, the highest since the row before, of one run of one-slow-reader on 2026-10-05; linux/amd64, 2 cores",
		"# spillway run one-slow-reader.yaml",
		"t_seconds,push,pull",
	}, lines[:5])

	s, err := library.ParseShape([]byte(out.String()))
	require.NoError(t, err)
	require.InDelta(t, 60, len(s.Seconds), 1)
	push, pull := s.Lanes[0], s.Lanes[1]
	require.Equal(t, []float64{25.6}, push.Died)
	require.Equal(t, 256.0, push.LimitMiB)
	require.Zero(t, pull.LimitMiB)
	top := 0.0
	for i, at := range s.Seconds {
		top = max(top, push.MiB[i])
		require.Equal(t, 20.0, pull.MiB[i])
		require.Equal(t, at > 26.5, push.MiB[i] == 0, "at %v: %v", at, push.MiB[i])
	}
	require.Equal(t, 255.0, top, "the peak before the death is kept")
}

func TestShapesOfRunsThatHaveNone(t *testing.T) {
	var out strings.Builder
	require.Error(t, library.WriteShape(&out, record.Recording{}))
	require.Empty(t, out.String())

	rec := recording()
	rec.Moments = rec.Moments[:1]
	require.NoError(t, library.WriteShape(&out, rec))
	_, err := library.ParseShape([]byte(out.String()))
	require.NoError(t, err)
}
