package terminal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/terminal"
)

// glass is what a person sees: as much of a terminal as a Screen uses.
type glass struct {
	rows         []string
	row          int
	hidden, wrap bool
	writes       int
}

func (g *glass) Write(p []byte) (int, error) {
	g.writes++
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text[2:], "ABCDEFGHJKlhm") + 2
			g.command(text[2 : end+1])
			text = text[end+1:]
		case text[0] == '\r':
			text = text[1:]
		case text[0] == '\n':
			g.row++
			text = text[1:]
		default:
			end := strings.IndexAny(text, "\x1b\r\n")
			if end < 0 {
				end = len(text)
			}
			for len(g.rows) <= g.row {
				g.rows = append(g.rows, "")
			}
			old := g.rows[g.row]
			g.rows[g.row] = text[:end] + "~" + old // ~ is what was not cleared
			if old == "" {
				g.rows[g.row] = text[:end]
			}
			text = text[end:]
		}
	}
	return len(p), nil
}

func (g *glass) command(c string) {
	switch {
	case c == "?25l":
		g.hidden = true
	case c == "?25h":
		g.hidden = false
	case c == "?7l":
		g.wrap = false
	case c == "?7h":
		g.wrap = true
	case c == "K":
		if g.row < len(g.rows) {
			g.rows[g.row], _, _ = strings.Cut(g.rows[g.row], "~")
		}
	case c == "J":
		g.rows = g.rows[:min(g.row, len(g.rows))]
	case strings.HasSuffix(c, "A"):
		n := 0
		fmt.Sscanf(c, "%dA", &n)
		g.row -= n
	}
}

func TestAScreenDrawsInPlace(t *testing.T) {
	g := &glass{wrap: true}
	s := terminal.NewScreen(g)
	require.NoError(t, s.Draw([]string{"one", "two", "three"}))
	require.True(t, g.hidden)
	require.False(t, g.wrap)
	require.NoError(t, s.Draw([]string{"1", "2", "3"}))
	require.Equal(t, []string{"1", "2", "3"}, g.rows)
	require.Equal(t, 2, g.writes, "one write for each picture: nothing flickers")
	require.NoError(t, s.Draw([]string{"less"}))
	require.Equal(t, []string{"less"}, g.rows)
	fmt.Fprint(s, "a whole line\nhalf a ")
	require.Equal(t, []string{"a whole line", "less"}, g.rows)
	fmt.Fprint(s, "line\n")
	require.NoError(t, s.Draw([]string{"more", "again"}))
	require.Equal(t, []string{"a whole line", "half a line", "more", "again"}, g.rows)
	fmt.Fprint(s, "rest")
	require.NoError(t, s.Close())
	require.Equal(t, []string{"a whole line", "half a line", "more", "again", "rest"}, g.rows)
	require.False(t, g.hidden)
	require.True(t, g.wrap)
	before := g.writes
	require.NoError(t, s.Close())
	require.Equal(t, before, g.writes)
}

func TestAScreenThatNeverDrewLeavesTheTerminalAlone(t *testing.T) {
	var out strings.Builder
	s := terminal.NewScreen(&out)
	fmt.Fprintln(s, "a line")
	require.NoError(t, s.Close())
	require.Equal(t, "a line\n", out.String())
}

func TestAScreenSaysThatItCannotWrite(t *testing.T) {
	require.Error(t, terminal.NewScreen(full{}).Draw([]string{"x"}))
}
