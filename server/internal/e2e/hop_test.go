package e2e

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const hopScenario = `version: 1
title: Through a proxy
lanes:
  direct: {source: redis-stream, strategy: pull-drain, transport: sse}
  through: {source: redis-stream, strategy: pull-drain, transport: sse, hop: proxy}
workload: {kind: fixed, rate: 20/s, size: 1KiB}
readers:
  phones: {count: 3}
`

// stream reads events of the tabs' channel as curl does, on from a message.
func stream(t *testing.T, url, page string, after uint64) (ids func() (uint64, bool), header http.Header) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"?reader=you&tab=7", nil)
	require.NoError(t, err)
	request.Header.Set("Origin", strings.TrimSuffix(page, "/"))
	request.Header.Set("Last-Event-ID", strconv.FormatUint(after, 10))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	lines := bufio.NewScanner(response.Body)
	return func() (uint64, bool) {
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				n, err := strconv.ParseUint(id, 10, 64)
				require.NoError(t, err)
				return n, true
			}
		}
		return 0, false
	}, response.Header
}

// TestALaneThroughAProxy is read at the proxy's port: from the first message, on
// from any other, over the death of the lane and over that of the proxy.
func TestALaneThroughAProxy(t *testing.T) {
	needsProc(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hop.yaml"), []byte(hopScenario), 0o600))
	p := start(t, "--scenarios", dir, "--scenario", "hop")
	p.post("start")
	running := func(r runState) bool {
		return r.State == "running" && r.lane("through").State == "running" && r.lane("through").Readers == 3 && r.lane("direct").Readers == 3 && r.Produced > 100
	}
	r := p.await(patience, "everybody reads", running)
	through := r.lane("through").StreamURL
	u, err := url.Parse(through)
	require.NoError(t, err)

	next, header := stream(t, through, p.URL, 5)
	require.Equal(t, strings.TrimSuffix(p.URL, "/"), header.Get("Access-Control-Allow-Origin"))
	for want := uint64(6); want < 20; want++ {
		id, ok := next()
		require.True(t, ok)
		require.Equal(t, want, id, "it goes on behind the message that the reader had")
	}
	response, err := http.Get("http://" + u.Host + "/debug/pprof/heap")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNotFound, response.StatusCode, "profiles are the lane's own")

	hop := p.mode("hop")
	kill(t, r.lane("through").PID)
	for ok := true; ok; {
		_, ok = next() // what was on its way, and then the end
	}
	p.await(patience, "the lane has ended", func(r runState) bool { return r.lane("through").State != "running" })
	p.post("lanes/through/restart")
	r = p.await(patience, "its readers are back", running)
	require.Equal(t, through, r.lane("through").StreamURL)
	require.Equal(t, hop, p.mode("hop"), "the proxy has lived on")

	next, _ = stream(t, through, p.URL, 5)
	kill(t, hop)
	for ok := true; ok; {
		_, ok = next()
	}
	p.awaitLog("The proxy of through ended")
	p.await(patience, "the lane notices that its readers are gone", func(r runState) bool { return r.lane("through").Readers == 0 })
	r = p.await(patience, "its readers are back", running)
	require.NotEqual(t, hop, p.mode("hop"))
	require.Equal(t, through, r.lane("through").StreamURL, "tabs find it where it was")
	next, _ = stream(t, through, p.URL, 7)
	id, ok := next()
	require.True(t, ok)
	require.Equal(t, uint64(8), id)
	require.Zero(t, p.state().lane("through").Gaps)
}
