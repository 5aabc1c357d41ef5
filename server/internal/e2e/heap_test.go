package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// snapshot is what the answer to a snapshot says, as far as the test needs it.
type snapshot struct {
	ProfileBytes     int64
	HeapInUseBytes   int64
	SampleEveryBytes int64
	Sentence         string
	Download         string
	Sites            []struct {
		Function, From, What string
		Bytes                int64
	}
}

// waiting are the bytes that were allocated where messages are taken from the
// broker.
func (s snapshot) waiting() (bytes int64) {
	for _, site := range s.Sites {
		if site.What == "where messages are taken from the broker" {
			bytes += site.Bytes
		}
	}
	return bytes
}

func (p *program) snapshot(lane string) snapshot {
	p.t.Helper()
	status, body := p.call(http.MethodPost, "api/run/lanes/"+lane+"/heap", "")
	require.Equal(p.t, http.StatusOK, status, body)
	var out snapshot
	require.NoError(p.t, json.Unmarshal([]byte(body), &out))
	return out
}

// TestHeapSnapshots takes two of each lane while the readers are slow: what grows
// in push is what it took from the broker and nobody has read, and in pull it does
// not.
func TestHeapSnapshots(t *testing.T) {
	p := start(t)
	p.call(http.MethodPost, "api/run/start", "")
	p.await(20*time.Second, "the run is complete", func(r runState) bool {
		return r.lane("push").Readers == 210 && r.lane("pull").Readers == 210
	})
	status, body := p.call(http.MethodPatch, "api/run", `{"throttleBytesPerSecond": 4000}`)
	require.Equal(t, http.StatusOK, status, body)
	backlog := func(mib uint64) {
		p.await(30*time.Second, "push keeps what nobody reads", func(r runState) bool { return r.lane("push").BacklogBytes > mib<<20 })
	}
	backlog(20)
	push, pull := p.snapshot("push"), p.snapshot("pull")
	backlog(50)
	later, still := p.snapshot("push"), p.snapshot("pull")

	const sampled = 64 << 10
	require.EqualValues(t, sampled, push.SampleEveryBytes, "as lanes are started")
	require.Equal(t, "proto.(*Reader).readStringReply", push.Sites[0].Function)
	require.Contains(t, push.Sites[0].From, "source.(*pubSub).Next, source/redis_pubsub.go:")
	require.Contains(t, push.Sentence, "they wait in this lane")
	require.Equal(t, push.Sites[0].Function, later.Sites[0].Function)
	require.Equal(t, push.Sites[0].From, later.Sites[0].From)
	grown := later.Sites[0].Bytes - push.Sites[0].Bytes
	require.Greater(t, grown, int64(15<<20), "it grew by what the backlog grew, about")
	require.Greater(t, grown, (later.ProfileBytes-push.ProfileBytes)*8/10, "and hardly anything else did")
	require.Less(t, still.waiting()-pull.waiting(), grown/4)
	require.Less(t, still.waiting(), later.waiting()/2)

	_, page := p.call(http.MethodGet, "lanes/push/heap?snapshot=3&with=1", "")
	require.Contains(t, page, "Most of what grew was allocated where messages are taken from the broker")

	file := filepath.Join(t.TempDir(), "push.pb.gz")
	status, raw := p.call(http.MethodGet, later.Download[1:], "")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, os.WriteFile(file, []byte(raw), 0o600))
	top, err := exec.Command("go", "tool", "pprof", "-top", "-inuse_space", file).CombinedOutput()
	require.NoError(t, err, "%s", top)
	require.Regexp(t, `(?m)[0-9.]+%.*proto\.\(\*Reader\)\.readStringReply$`, string(top))

	p.call(http.MethodPost, "api/run/stop", "")
	status, body = p.call(http.MethodPost, "api/run/lanes/push/heap", "")
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, body, "the lane does not run")
	_, list := p.call(http.MethodGet, "api/run/lanes/push/heap", "")
	require.Contains(t, list, later.Download, "what was taken stays")
}

// TestAHeapSnapshotBeyondLoopback takes one where lanes listen on one address of
// this machine and not on loopback.
func TestAHeapSnapshotBeyondLoopback(t *testing.T) {
	host := lanAddress(t)
	p := start(t, "--listen", host+":0")
	u, err := url.Parse(p.URL)
	require.NoError(t, err)
	require.Equal(t, host, u.Hostname(), "nothing answers on loopback")
	p.token, p.URL = u.Query().Get("token"), "http://"+u.Host+"/"
	p.call(http.MethodPost, "api/run/start", "")
	p.await(20*time.Second, "the lanes run", func(r runState) bool {
		return r.lane("push").Readers > 0 && r.lane("pull").Readers > 0
	})
	for _, lane := range []string{"push", "pull"} {
		require.Positive(t, p.snapshot(lane).ProfileBytes)
	}
}
