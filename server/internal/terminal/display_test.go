package terminal_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/terminal"
)

func TestADisplayWithoutATerminalIsPlain(t *testing.T) {
	var out strings.Builder
	d := terminal.NewDisplay(&out, true, os.Getenv)
	d.Begin(0)
	d.Show(rising())
	fmt.Fprintln(d, "a line of the log")
	d.End(dead())
	d.Close()
	require.Zero(t, d.Look())
	require.NotContains(t, out.String(), "\x1b")
	require.Contains(t, out.String(), "00:05  “The readers are slow now.”\n")
	require.Contains(t, out.String(), "a line of the log\n")
	require.Contains(t, out.String(), "00:33  push was killed")
}
