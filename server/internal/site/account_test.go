package site

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/component"
)

// waits is a run in which so much waits in its two lanes.
func waits(seconds, push, pull uint64) run.View {
	v := death().View()
	v.Elapsed = time.Duration(seconds) * time.Second
	v.Sample.Lanes[0].Account = wire.Account{Produced: push, Backlog: push}
	v.Sample.Lanes[1].Account = wire.Account{Produced: pull, Broker: pull}
	return v
}

// Both lanes have the scale of the longer one, and keep it while it drains.
func TestBandsHaveOneScale(t *testing.T) {
	var a accounts
	require.EqualValues(t, 96<<20, a.full(waits(1, 10<<20, 90<<20)), "before anything was kept")
	a.add(waits(1, 10<<20, 90<<20))
	a.add(waits(2, 1<<20, 2<<20))
	require.EqualValues(t, 96<<20, a.full(waits(2, 1<<20, 2<<20)))
	other := waits(3, 1<<20, 2<<20)
	other.RunID = "OTHER"
	require.EqualValues(t, 2<<20, a.full(other), "another run begins anew")
	a.add(other)
	require.EqualValues(t, 2<<20, a.full(other))
}

func TestAccountsAreKeptEachSecond(t *testing.T) {
	var a accounts
	for second := range uint64(400) {
		for range 10 { // the hub looks more often
			a.add(waits(second, second<<20, 0))
		}
	}
	kept := a.of("RUN", "push")
	require.Len(t, kept, maxAccountSeconds)
	require.Equal(t, 399.0, kept[len(kept)-1].seconds)
	require.Empty(t, a.of("OTHER", "push"))

	a.add(waits(200, 200<<20, 0))
	require.Equal(t, 200.0, a.of("RUN", "push")[len(a.of("RUN", "push"))-1].seconds, "a recording was turned back")
	require.Len(t, a.of("RUN", "push"), 200-90+1)
}

func TestTheStageSaysWhereTheBytesAre(t *testing.T) {
	f := death()
	f.change(func(v *run.View) {
		v.Sample.Lanes[1].Account = wire.Account{Produced: 64 << 20, Broker: 40 << 20, Consumed: 24 << 20}
		v.Sample.Lanes[0].Account = wire.Account{Produced: 64 << 20, LostLeft: 60 << 20, Consumed: 4 << 20}
	})
	s := serve(t, f, "")
	body := s.ask("GET", "/", "", "Accept: text/html").body
	for _, want := range []string{`id="band-push"`, `id="band-pull"`, "Lost: 60.0 MiB with its process.", `data-full="64.0 MiB"`, "client-output-buffer-limit pubsub: <b>32mb", "what somebody has still to read"} {
		require.Contains(t, body, want)
	}

	over := s.ask("GET", "/lanes/pull/account?width=500", "")
	require.Equal(t, http.StatusOK, over.status)
	require.True(t, strings.HasPrefix(over.body, "<svg"), over.body)
	require.Contains(t, over.body, `viewBox="0 0 500 200"`)
	require.Equal(t, http.StatusOK, s.ask("GET", "/lanes/pull/account?width=nonsense", "").status)
	require.Equal(t, http.StatusNotFound, s.ask("GET", "/lanes/nonsense/account", "").status)
}

// A knob that is moved is told with its new value.
func TestBoundsFollowTheSettings(t *testing.T) {
	v := waits(1, 0, 0)
	value := func(part, name string) string {
		for _, b := range boundsOf(v, v.Lanes[1].Plan)[part] {
			if strings.HasPrefix(b.Name, name) {
				return b.Value
			}
		}
		return "none"
	}
	require.Equal(t, "what somebody has still to read", value("broker", "what a stream keeps"))
	v.Settings.Retention = 1000
	require.Equal(t, "about 1,000 messages of each stream", value("broker", "what a stream keeps"))
	require.Equal(t, "1.0 GiB", value("broker", "maxmemory"))
	v.Sample.BrokerLimit = 0
	require.Equal(t, "0: no limit", value("broker", "maxmemory"))
	v.Settings.Lanes["pull"] = run.LaneSettings{SendBufferBytes: -1}
	require.Equal(t, "as the system gives it", value("sendqueue", "send buffer"))
	v.Settings.Lanes["pull"] = run.LaneSettings{SendBufferBytes: 16 << 10}
	require.Equal(t, "16.0 KiB asked for", value("sendqueue", "send buffer"))
	require.Equal(t, "256 MiB", value("backlog", "RSS"))
	require.Equal(t, "64.0 MiB", value("held", "what a tab"))
	require.Equal(t, "none", value("broker", "client-output-buffer-limit"))
	for part := range boundsOf(v, v.Lanes[1].Plan) {
		found := false
		for _, p := range component.Parts {
			found = found || p.Key == part
		}
		require.True(t, found, part)
	}
}
