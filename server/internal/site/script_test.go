package site

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/replay"
)

func TestAJumpInAFewWords(t *testing.T) {
	for _, c := range []struct {
		label string
		kind  replay.JumpKind
		want  string
	}{
		{"push was killed: its memory passed the limit.", replay.JumpGrave, "✕ push was killed"},
		{"4KB/s; says “Slow.”", replay.JumpStep, "4KB/s"},
		{"note “Look; wait.”", replay.JumpStep, ""},
		{"note “Look; wait.”; shows the answer", replay.JumpStep, "shows the answer"},
		{"says “Everything that has a name of its own”", replay.JumpStep, "says “Everything that has a nam…"},
		{"slowed to 4 KB/s", replay.JumpMark, "slowed to 4 KB/s"},
	} {
		require.Equal(t, c.want, jumpLabel(replay.Jump{Label: c.label, Kind: c.kind}))
	}
}
