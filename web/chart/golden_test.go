package chart

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds the drawings of the states in which people meet a chart.
func TestGolden(t *testing.T) {
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			got := printed(Lay(s.model))
			file := filepath.Join("testdata", s.name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// printed writes a drawing with an element a line, so that a change of it can be
// read in a diff. Of long paths only the beginning and the end matter there.
func printed(d Drawing) string {
	var b strings.Builder
	lines := func(svg string) {
		b.WriteString(strings.ReplaceAll(svg, "><", ">\n<") + "\n")
	}
	fmt.Fprintf(&b, "%g × %g: %s\n\nframe\n", d.Width, d.Height, d.Summary)
	lines(d.Frame)
	b.WriteString("\npaths\n")
	for _, p := range d.Paths {
		path := p.D
		if len(path) > 400 {
			path = path[:200] + fmt.Sprintf(" … %d bytes … ", len(path)) + path[len(path)-160:]
		}
		fmt.Fprintf(&b, "%s area=%t %s\n", p.Key, p.Area, path)
	}
	b.WriteString("\nover\n")
	lines(d.Over)
	return b.String()
}
