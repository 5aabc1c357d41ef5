//go:build browser

package e2e

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// shots is where TestScreenshots puts its pictures; without it there are none.
var shots = flag.String("shots", "", "write pictures of the lesson into this folder")

// sizes are the screens that a page must look well on.
var sizes = []struct {
	name          string
	width, height int64
}{{"laptop", 1440, 900}, {"projector", 1920, 1080}, {"phone", 390, 844}}

// TestScreenshots plays the lesson and takes pictures at rest, in the middle and
// after the death.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots folder given")
	}
	require.NoError(t, os.MkdirAll(*shots, 0o755))
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.await(time.Minute, "globalThis.spillway && spillway.stats().samples.count > 60")
	all := func(moment string) {
		for _, size := range sizes {
			page.do(chromedp.EmulateViewport(size.width, size.height))
			for _, theme := range []string{"light", "dark"} {
				page.theme(theme)
				<-time.After(300 * time.Millisecond)
				page.shoot(*shots, moment+"-"+size.name+"-"+theme)
			}
		}
		page.do(chromedp.EmulateViewport(1440, 900))
	}
	all("1-calm")
	status, body := p.call("POST", "api/run/steps/play", "")
	require.Equal(t, 200, status, body)
	p.await(time.Minute, "push rises", func(r runState) bool { return r.lane("push").RSSBytes > 170<<20 })
	all("2-rising")
	p.await(2*time.Minute, "push is killed", func(r runState) bool { return r.lane("push").State == "killed" })
	<-time.After(2 * time.Second)
	all("3-dead")
	p.await(time.Minute, "pull catches up", func(r runState) bool { return len(r.Log) > 0 && r.lane("pull").SlowAgeP50Seconds < 1 })
	<-time.After(6 * time.Second)
	all("4-after")
	t.Logf("what the page complained about: %s", page.problems)
}
