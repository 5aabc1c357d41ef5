package site

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/metric"
	"spillway/server/internal/run"
)

func TestAssetsAreKeptForEver(t *testing.T) {
	s := serve(t, death(), "")
	urls := regexp.MustCompile(`/static/[a-z_.]+\?v=[0-9a-f]+`).FindAllString(s.ask("GET", "/", "").body, -1)
	require.NotEmpty(t, urls)
	for _, url := range urls {
		a := s.ask("GET", url, "")
		require.Equal(t, 200, a.status, url)
		require.Equal(t, "public, max-age=31536000, immutable", a.header.Get("Cache-Control"), url)
		require.NotEmpty(t, a.header.Get("Content-Type"), url)
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))

		path, _, _ := strings.Cut(url, "?")
		for _, other := range []string{path, path + "?v=of-yesterday"} {
			a := s.ask("GET", other, "")
			require.Equal(t, "no-cache", a.header.Get("Cache-Control"), other)
			require.Equal(t, 304, s.ask("GET", other, "", "If-None-Match: "+a.header.Get("ETag")).status)
		}
	}
	require.Equal(t, 404, s.ask("GET", "/static/none.js", "").status)
	require.Equal(t, 404, s.ask("GET", "/static/", "").status)
}

func TestTheClientIsSentPacked(t *testing.T) {
	s := serve(t, death(), "")
	tags := make(map[string]bool)
	for accept, gzipped := range map[string]bool{
		"gzip, deflate, br": true, "GZIP": true, "br;q=1, gzip;q=0.5": true, "gzip;q=x": true,
		"": false, "identity": false, "gzip;q=0": false, "br, gzip; q=0.0": false, "notgzip": false,
	} {
		a := s.ask("GET", s.assets.urls.Client, "", "Accept-Encoding: "+accept)
		require.Equal(t, 200, a.status)
		require.Equal(t, "application/wasm", a.header.Get("Content-Type"))
		require.Equal(t, "Accept-Encoding", a.header.Get("Vary"))
		tags[a.header.Get("ETag")] = true
		if gzipped {
			require.Equal(t, "gzip", a.header.Get("Content-Encoding"), accept)
			require.Equal(t, string(packed(t)), a.body)
		} else {
			require.Empty(t, a.header.Get("Content-Encoding"), accept)
			require.Equal(t, clientText, a.body)
		}
	}
	require.Len(t, tags, 2, "each representation has its own tag")
}

func TestMetrics(t *testing.T) {
	f := death()
	f.change(func(v *run.View) {
		v.Extra = []metric.Lane{
			{Readers: []metric.Readers{{Group: "slow", Held: 4096}, {Group: "healthy"}}},
			{Readers: []metric.Readers{{Group: "slow", Held: 512}}},
		}
	})
	s := serve(t, f, "")
	a := s.ask("GET", "/metrics", "")
	require.Equal(t, 200, a.status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(a.body))
	require.NoError(t, err)
	require.Len(t, families, len(laneMetrics)+7)
	lanes := 0
	for name, family := range families {
		require.NotEmpty(t, family.GetHelp(), name)
		if !strings.HasPrefix(name, "spillway_lane_") {
			continue
		}
		lanes++
		require.Len(t, family.GetMetric(), 2, name)
		for i, want := range []string{"pull", "push"} { // sorted
			labels := make(map[string]string)
			for _, l := range family.GetMetric()[i].GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			require.Equal(t, want, labels["lane"], name)
			require.NotEmpty(t, labels["strategy"], name)
		}
	}
	require.Equal(t, len(laneMetrics), lanes)
	require.Equal(t, 137.0, families["spillway_lane_exit_code"].GetMetric()[1].GetGauge().GetValue())
	require.Equal(t, 2.25, families["spillway_lane_stall_seconds"].GetMetric()[0].GetGauge().GetValue())
	require.Equal(t, 12345.0, families["spillway_lane_delivered_messages_total"].GetMetric()[0].GetCounter().GetValue())
	held := make(map[string]float64)
	for _, m := range families["spillway_reader_held_bytes"].GetMetric() {
		held[m.GetLabel()[1].GetValue()+" "+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue() // by name: group, lane
	}
	require.Equal(t, map[string]float64{"push slow": 4096, "push healthy": 0, "pull slow": 512}, held)
	running := 0.0
	for _, m := range families["spillway_run_state"].GetMetric() {
		running += m.GetGauge().GetValue()
	}
	require.Equal(t, 1.0, running, "the run is in one state")
	require.Empty(t, s.run.called(), "who measures wakes nobody")
}

func TestHealth(t *testing.T) {
	s := serve(t, death(), "")
	require.Equal(t, answer{200, nil, "ok\n"}, func() answer { a := s.ask("GET", "/healthz", ""); a.header = nil; return a }())
}

func TestThePageWakesTheRun(t *testing.T) {
	s := serve(t, death(), "")
	a := s.ask("GET", "/", "")
	require.Equal(t, 200, a.status)
	require.Equal(t, []string{"wake"}, s.run.called())
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Contains(t, a.body, "killed, exit code 137")
	require.Contains(t, a.body, "push was killed &lt;b&gt;.", "what the log says is text")
}
