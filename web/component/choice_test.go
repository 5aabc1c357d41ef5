package component_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/component"
	"spillway/web/htmltest"
)

// A knob with choices is one to whoever steers, and a value to everybody else.
func TestAKnobThatCanBeSet(t *testing.T) {
	html := render(t, component.BoundsBody([]component.Bound{{
		Name: "send buffer", Value: "64 KiB", Lane: "push", Setting: "sendBufferBytes",
		Choices: []component.Choice{{Label: "16 KiB", Value: "16384"}, {Label: "64 KiB", Value: "65536", Chosen: true}},
	}}, component.Part{}))
	chosen := 0
	for _, n := range htmltest.Nodes(t, html) {
		switch n.Data {
		case "select":
			require.Equal(t, "sendBufferBytes", attr(t, n, "data-setting"))
			require.Equal(t, "push", attr(t, n, "data-lane"))
			require.Equal(t, "steer", attr(t, n, "class"))
			require.Equal(t, "label", n.Parent.Data, "its name is read with it")
		case "b":
			require.Equal(t, "watch", attr(t, n, "class"))
		case "option":
			if _, ok := htmltest.Attr(n, "selected"); ok {
				require.Equal(t, "65536", attr(t, n, "value"))
				chosen++
			}
		}
	}
	require.Equal(t, 1, chosen)
}

func TestALaneThroughAProxySaysSo(t *testing.T) {
	l := component.Lane{Name: "pull", Hop: "through a proxy: 12.3 MiB RSS"}
	require.Contains(t, render(t, component.LaneCard(l)), `id="hop-pull">through a proxy: 12.3 MiB RSS`)
	l.Hop = ""
	require.False(t, strings.Contains(render(t, component.LaneCard(l)), `id="hop-pull"`))
}
