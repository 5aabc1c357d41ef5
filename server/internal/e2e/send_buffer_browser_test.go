//go:build browser

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
)

// TestBrowserSendBuffer changes the send buffer of a lane where the page says what
// bounds its send queue, with the keyboard, and reads a lane through its proxy.
func TestBrowserSendBuffer(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hop.yaml"), []byte(hopScenario), 0o600))
	p := start(t, "--scenarios", dir, "--scenario", "hop")
	page := openTab(t, openBrowser(t), p.URL, 1440, 900).focused()
	page.live()
	page.await(patience, `spillway.stats().lanes.through.messages > 20`)
	page.awaitShown("#hop-through", "through a proxy: ")
	require.Contains(t, page.text(".lane[data-lane-card=through] .way"), "a proxy")
	require.Empty(t, page.shown("#hop-direct"))

	set := func() int {
		var s run.Settings
		require.NoError(t, json.Unmarshal(p.state().Settings, &s))
		return s.Lanes["direct"].SendBufferBytes
	}
	require.Equal(t, 64<<10, set())
	page.press(`.account[data-account=direct] .part[data-place=sendqueue]`)
	choice := `select[data-setting=sendBufferBytes][data-lane=direct]`
	page.tabTo(choice)
	for _, key := range []string{"2", "1"} { // 256 KiB, and 1.0 MiB or 16.0 KiB
		page.strike(key)
		page.await(patience, `document.activeElement.matches('`+choice+`')`)
	}
	p.awaitLog("direct has send buffers of")
	require.NotEqual(t, 64<<10, set())
	page.await(patience, `document.querySelector('`+choice+`').value == document.querySelector('`+choice+` option[selected]').value`)
	require.Zero(t, p.state().lane("direct").Gaps)
}
