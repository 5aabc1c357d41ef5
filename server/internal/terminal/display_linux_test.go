package terminal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/terminal"
)

func TestADisplayOnATerminalDrawsInPlace(t *testing.T) {
	tty, seen := pty(t, 90, 24)
	d := terminal.NewDisplay(tty, true, func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] })
	d.Begin(0)
	d.Show(rising())
	d.Show(rising()) // too soon to be drawn
	fmt.Fprintln(d, "a line of the log")
	d.End(dead())
	tty.Close()

	g := &glass{}
	_, err := g.Write([]byte(seen()))
	require.NoError(t, err)
	require.Equal(t, []string{
		"00:00  2 lanes, 211 readers each, the same messages.",
		"00:01  step 1 of 4, at the start",
		"00:05  “The readers are slow now.”",
		"00:06  step 2 of 4, at 5 s, 0.3 s late",
		"a line of the log",
		"00:30  step 3 of 4, when rss{lane:push} > 250MiB, at most 60 s: timed out",
		"00:33  push was killed at 257 MiB, exit code 137.",
		"00:33  step 4 of 4, 3 s later",
	}, g.rows[:8])
	require.Equal(t, terminal.Lines(dead(), terminal.Look{Width: 90}), g.rows[8:])
	require.False(t, g.hidden)
	require.True(t, g.wrap)

	plain, seen := pty(t, 90, 24)
	d = terminal.NewDisplay(plain, false, func(string) string { return "" })
	d.Begin(0)
	d.End(rising())
	plain.Close()
	require.NotContains(t, seen(), "\x1b")
	require.True(t, strings.HasPrefix(seen(), "00:00  2 lanes"))
}
