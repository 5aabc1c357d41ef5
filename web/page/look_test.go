package page_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web"
	"spillway/web/internal/example"
)

// TestLook writes every stage as a file to be looked at in a browser, into the
// folder that SPILLWAY_LOOK names; serve that folder. SPILLWAY_CHART ("640x240")
// lays the charts out as the client does after it measured them.
func TestLook(t *testing.T) {
	folder := os.Getenv("SPILLWAY_LOOK")
	if folder == "" {
		t.Skip("SPILLWAY_LOOK names no folder")
	}
	static := filepath.Join(folder, "static")
	require.NoError(t, os.RemoveAll(static))
	require.NoError(t, os.CopyFS(static, web.Static()))
	for _, name := range example.Names {
		s := example.Stage(name)
		if w, h, ok := strings.Cut(os.Getenv("SPILLWAY_CHART"), "x"); ok {
			width, err := strconv.ParseFloat(w, 64)
			require.NoError(t, err)
			height, err := strconv.ParseFloat(h, 64)
			require.NoError(t, err)
			example.Redraw(name, &s, width, height)
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".html"), []byte(render(t, s.Page())), 0o644))
	}
}
