package lanehost

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

func TestRefusals(t *testing.T) {
	l := start(t, "pull")
	type headers map[string]string
	for _, test := range []struct {
		name, method, path string
		headers            headers
		status             int
		says               string
	}{
		{"no reader", "GET", "/stream", nil, 400, "say who reads"},
		{"an empty reader", "GET", "/stream?reader=", nil, 400, "say who reads"},
		{"an unreadable query", "GET", "/stream?reader=%zz", nil, 400, "query"},
		{"an unknown reader", "GET", "/stream?reader=nobody", nil, 404, `"nobody"`},
		{"the name of a group", "GET", "/stream?reader=slow", nil, 404, "no reader"},
		{"a number too many", "GET", "/stream?reader=slow-200", nil, 404, "no reader"},
		{"a number below zero", "GET", "/stream?reader=slow--1", nil, 404, "no reader"},
		{"a number in another spelling", "GET", "/stream?reader=slow-01", nil, 404, "no reader"},
		{"a number of a single one", "GET", "/stream?reader=you-0", nil, 404, "no reader"},
		{"a very long name", "GET", "/stream?reader=" + strings.Repeat("x", 5000), nil, 404, "no reader"},
		{"a last id that is no number", "GET", "/stream?reader=you", headers{"Last-Event-ID": "seven"}, 400, `"seven"`},
		{"a last id below zero", "GET", "/stream?reader=you&last=-1", nil, 400, `"-1"`},
		{"a last id that no message has", "GET", "/stream?reader=you&last=9223372036854775808", nil, 400, "sequence"},
		{"a transport that does not exist", "GET", "/stream?reader=you&transport=post", nil, 400, "it speaks sse"},
		{"a tab that is no number", "GET", "/stream?reader=you&tab=x", nil, 400, `"x" of the tab`},
		{"a connection that is no number", "GET", "/stream?reader=you&tab=1&conn=-1", nil, 400, `"-1" of the connection`},
		{"a connection that no page can name", "GET", "/stream?reader=you&conn=9007199254740992", nil, 400, "2^53"},
		{"a WebSocket read as text", "GET", "/stream?reader=you&transport=websocket&last=7", nil, 426, "/stream?last=7&reader=you&transport=sse'"},
		{"demand without WebSocket", "GET", "/stream?reader=you&transport=websocket-demand", nil, 426, "curl -N"},
		{"a foreign WebSocket", "GET", "/stream?reader=you&transport=websocket", headers{"Origin": "http://elsewhere:8080", "Connection": "Upgrade", "Upgrade": "websocket"}, 403, "http://elsewhere:8080"},
		{"a WebSocket of nobody", "GET", "/stream?reader=nobody&transport=websocket", headers{"Connection": "Upgrade", "Upgrade": "websocket"}, 404, `"nobody"`},
		{"half a WebSocket handshake", "GET", "/stream?reader=you&transport=websocket", headers{"Connection": "Upgrade", "Upgrade": "websocket"}, 400, "version"},
		{"a foreign origin", "GET", "/stream?reader=you", headers{"Origin": "http://elsewhere:8080"}, 403, "http://elsewhere:8080"},
		{"another port of this host", "GET", "/stream?reader=you", headers{"Origin": "http://127.0.0.1:8081"}, 403, "page"},
		{"no port", "GET", "/stream?reader=you", headers{"Origin": "http://127.0.0.1"}, 403, "page"},
		{"an opaque origin", "GET", "/stream?reader=you", headers{"Origin": "null"}, 403, "page"},
		{"a foreign preflight", "OPTIONS", "/stream?reader=you", headers{"Origin": "http://elsewhere:8080"}, 403, "page"},
		{"a preflight without origin", "OPTIONS", "/stream?reader=you", nil, 403, "page"},
		{"another method", "POST", "/stream?reader=you", nil, 405, ""},
		{"another path", "GET", "/streams", nil, 404, ""},
		{"a header without end", "GET", "/stream?reader=you", headers{"X-Long": strings.Repeat("x", 3*maxHeaderBytes)}, 431, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+l.addr+test.path, nil)
			require.NoError(t, err)
			for name, value := range test.headers {
				request.Header.Set(name, value)
			}
			response, err := new(http.Transport).RoundTrip(request)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, test.status, response.StatusCode, string(body))
			require.Contains(t, string(body), test.says)
			require.Less(t, len(body), 300, "what was sent is not sent back at length")
		})
	}
	require.Zero(t, l.report().Readers)
	require.Zero(t, l.report().Accepted)
}

func TestThePageMayRead(t *testing.T) {
	l := start(t, "push")
	for _, test := range []struct {
		name, method, path, host, origin string
		status                           int
	}{
		{"preflight", "OPTIONS", "/stream?reader=you", "", "http://127.0.0.1:8080", 204},
		{"stream", "GET", "/stream?reader=you", "", "http://127.0.0.1:8080", 200},
		{"by name", "GET", "/stream?reader=you", "laptop.local:1234", "http://laptop.local:8080", 200},
		{"over IPv6", "GET", "/stream?reader=you", "[::1]:1234", "http://[::1]:8080", 200},
		{"a refusal too", "GET", "/stream?reader=nobody", "", "http://127.0.0.1:8080", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+l.addr+test.path, nil)
			require.NoError(t, err)
			request.Header.Set("Origin", test.origin)
			request.Host = test.host
			response, err := new(http.Transport).RoundTrip(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, test.status, response.StatusCode)
			require.Equal(t, test.origin, response.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Origin", response.Header.Get("Vary"))
		})
	}
}

func TestThePageOnTheDefaultPort(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	h.cfg.PagePort = 80
	r := httptest.NewRequest("GET", "http://laptop:1234/stream", nil)
	r.Header.Set("Origin", "http://laptop")
	origin, ok := h.pageOrigin(r)
	require.True(t, ok)
	require.Equal(t, "http://laptop", origin)
}

func TestAbout(t *testing.T) {
	l := start(t, "push")
	for path, says := range map[string]string{
		"/":                          "redis-pubsub, push-buffered, sse",
		"/healthz":                   "ok",
		"/debug/pprof/":              "goroutine",
		"/debug/pprof/heap?debug=1":  "heap profile",
		"/debug/pprof/symbol?0x1234": "num_symbols",
	} {
		response, err := http.Get("http://" + l.addr + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, 200, response.StatusCode, path)
		require.Contains(t, string(body), says, path)
	}
	about := httptest.NewRecorder()
	l.host.routes().ServeHTTP(about, httptest.NewRequest("GET", "/", nil))
	require.Contains(t, about.Body.String(), "  slow-0 … slow-199\n  you\n")
}

func TestProfilesStayOnTheMachine(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	for _, c := range []struct {
		from, to string
		status   int
	}{
		{"127.0.0.1:1", "", 200},
		{"[::1]:1", "", 200},
		{"[::ffff:127.0.0.1]:1", "", 200},
		{"192.0.2.1:1", "", 403},
		{"[2001:db8::1]:1", "", 403},
		{"", "", 403},
		{"192.0.2.1:1", "192.0.2.1:80", 200},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:80", 200},
		{"[2001:db8::1]:1", "[2001:db8::1]:80", 200},
		{"[fe80::1%eth0]:1", "[fe80::1%eth0]:80", 200},
		{"[fe80::1%eth1]:1", "[fe80::1%eth0]:80", 403},
		{"192.0.2.2:1", "192.0.2.1:80", 403},
		{"192.0.2.1:1", "0.0.0.0:80", 403},
		{"", "192.0.2.1:80", 403},
	} {
		for _, path := range []string{"", "cmdline", "symbol", "heap"} {
			r := httptest.NewRequest("GET", "/debug/pprof/"+path, nil)
			r.RemoteAddr = c.from
			if c.to != "" {
				to := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.to))
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, to))
			}
			w := httptest.NewRecorder()
			h.routes().ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code, "%s from %q to %q", path, c.from, c.to)
		}
	}
}

func TestKnownFollowsTheChannels(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	require.True(t, h.known("slow-199"))
	require.False(t, h.known("healthy-0"))
	h.SetChannels(map[string]int{"healthy": 1})
	require.False(t, h.known("slow-199"))
	require.True(t, h.known("healthy-0"))
	require.False(t, h.known("healthy-1"))
}

// known never accepts a name that would not be made for a reader.
func FuzzKnown(f *testing.F) {
	for _, name := range []string{"you", "slow-0", "slow-199", "slow-200", "slow-+1", "-", "slow-99999999999999999999"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := &Host{channels: map[string]int{"you": lane.Single, "slow": 200}}
		want := name == "you"
		for i := 0; i < 200 && !want; i++ {
			want = name == "slow-"+strconv.Itoa(i)
		}
		require.Equal(t, want, h.known(name))
	})
}

func TestNewRefusesWhatDoesNotExist(t *testing.T) {
	for name, change := range map[string]func(*lane.Config){
		"source":    func(c *lane.Config) { c.Source = "kafka" },
		"strategy":  func(c *lane.Config) { c.Strategy = "hope" },
		"option":    func(c *lane.Config) { c.Options = map[string]string{"hope": "3"} },
		"transport": func(c *lane.Config) { c.Transport = "post" },
		"broker":    func(c *lane.Config) { c.BrokerURL = "redis://:geheim@host:port" },
	} {
		cfg := kinds["push"]
		cfg.BrokerURL = "redis://127.0.0.1:1"
		change(&cfg)
		_, err := New(cfg, nil)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "geheim")
	}
}
