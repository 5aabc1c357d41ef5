//go:build browser

package e2e

import (
	"flag"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// release is the program of `task build`; without it TestRelease has nothing to
// say.
var release = flag.String("release", "", "test this release binary")

// TestRelease starts a release where there is neither Go nor the repository, and
// opens its page.
func TestRelease(t *testing.T) {
	if *release == "" {
		t.Skip("no -release binary given; task test:release builds one")
	}
	p := startCommand(t, func() *exec.Cmd {
		cmd := exec.Command(*release, "--listen", "127.0.0.1:0")
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"PATH=/nonexistent"}
		return cmd
	}())
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.live()
	p.await(20*time.Second, "the tab reads from both lanes", func(r runState) bool {
		return r.lane("push").Readers == 211 && r.lane("pull").Readers == 211
	})
	require.Empty(t, page.problems.String())
	info, err := os.Stat(*release)
	require.NoError(t, err)
	report(t, "size of the release", "%.1f MB", float64(info.Size())/1e6)
}
