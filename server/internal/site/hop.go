package site

import (
	"strconv"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/web/chart"
	"spillway/web/component"
)

// hopOf says what the proxy in front of a lane takes; empty for a lane without one.
func hopOf(v run.View, i int) string {
	hop := v.Lanes[i].Plan.Hop
	if hop == "" {
		return ""
	}
	text := "through a proxy"
	if hop == script.HopBuffering {
		text = "through a proxy that buffers"
	}
	if i >= len(v.Extra) || v.Extra[i].HopRSS == 0 {
		return text + ", which does not run"
	}
	return text + ": " + chart.Bytes(float64(v.Extra[i].HopRSS)) + " RSS, " + chart.Bytes(float64(v.Extra[i].HopBytes)) + " on the way"
}

// sendBufferSteps are the send buffers that a page offers.
var sendBufferSteps = []int{16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, -1}

// sendBufferChoices are these, and what the lane has if that is none of them.
func sendBufferChoices(now int) []component.Choice {
	var out []component.Choice
	known := false
	for _, n := range sendBufferSteps {
		known = known || n == now
		out = append(out, component.Choice{Label: sendBufferLabel(n), Value: strconv.Itoa(n), Chosen: n == now})
	}
	if !known {
		out = append([]component.Choice{{Label: sendBufferLabel(now), Value: strconv.Itoa(now), Chosen: true}}, out...)
	}
	return out
}

func sendBufferLabel(n int) string {
	if n < 0 {
		return "OS"
	}
	return chart.Bytes(float64(n))
}
