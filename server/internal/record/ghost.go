package record

import (
	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// ghostsAt is when the series of a history begin; nil where they have not.
func ghostsAt(s script.Scenario, lanes []run.LaneView, h wire.History) *int64 {
	for _, g := range s.Ghosts {
		for i := range min(len(lanes), len(h.Lanes)) {
			if ghost := h.Lanes[i].Ghost; lanes[i].Name == g.Lane && len(ghost) > 0 && len(g.Points) > 0 {
				return new(max(0, int64(ghost[0].ElapsedMicros)-micros(g.Points[0].Seconds)))
			}
		}
	}
	return nil
}

func micros(seconds float64) int64 { return int64(seconds * 1e6) }
