package site

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAForeignOriginChangesNothing(t *testing.T) {
	s := serve(t, death(), "")
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
	for _, origin := range []string{"http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "://"} {
		for _, c := range []struct{ method, path string }{
			{"POST", "/api/run/stop"}, {"PATCH", "/api/run"}, {"GET", "/hub"}, {"DELETE", "/"},
		} {
			headers := []string{"Origin: " + origin}
			if c.path == "/hub" {
				headers = append(headers, upgrade...)
			}
			a := s.ask(c.method, c.path, "{}", headers...)
			require.Equal(t, http.StatusForbidden, a.status, "%s %s from %s", c.method, c.path, origin)
			require.Contains(t, reason(t, a), "may not do this")
		}
	}
	require.Empty(t, s.run.called())
	require.Contains(t, s.log.String(), "request refused")
	require.Equal(t, http.StatusOK, s.ask("POST", "/api/run/stop", "", "Origin: "+s.url).status, "our own page may")
	require.Equal(t, "same-origin", s.ask("GET", "/", "").header.Get("Referrer-Policy"), "or its forms come from null")
}

// A worker can block its thread only in memory that its page shares, and a browser
// lets only isolated pages share memory.
func TestPagesAndWorkersAreIsolated(t *testing.T) {
	s := serve(t, death(), "")
	for _, path := range []string{"/", "/static/worker.js", "/lessons"} {
		a := s.ask("GET", path, "")
		require.Equal(t, http.StatusOK, a.status, path)
		require.Equal(t, "same-origin", a.header.Get("Cross-Origin-Opener-Policy"), path)
		require.Equal(t, "require-corp", a.header.Get("Cross-Origin-Embedder-Policy"), path)
	}
}

func TestAForeignNameIsRefusedOnLoopback(t *testing.T) {
	s := serve(t, death(), "")
	for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.0.7", "[::2]"} {
		for _, path := range []string{"/", "/api/run", "/metrics", "/debug/pprof/", "/static/app.css"} {
			require.Equal(t, http.StatusForbidden, s.ask("GET", path, "", "Host: "+host).status, "%s%s", host, path)
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:80", "[::1]:8080"} {
		require.Equal(t, http.StatusOK, s.ask("GET", "/healthz", "", "Host: "+host).status, host)
	}
	require.Empty(t, s.run.called())
}

func TestBeyondLoopbackSteeringNeedsTheToken(t *testing.T) {
	s := serve(t, death(), testToken)
	watching := s.ask("GET", "/", "", "Host: classroom:8080")
	require.Equal(t, http.StatusOK, watching.status)
	require.Contains(t, watching.body, `data-steer="false"`)

	for _, c := range []struct{ method, path string }{
		{"POST", "/api/run/stop"}, {"POST", "/api/run/start"}, {"POST", "/api/run/reset"}, {"POST", "/api/run/steps/play"}, {"POST", "/api/run/script"},
		{"PATCH", "/api/run"}, {"POST", "/api/run/scenario/two"}, {"POST", "/api/run/lanes/push/restart"},
	} {
		for _, header := range []string{"X-None: 1", "Authorization: Bearer WRONG", "Authorization: Bearer ", "Authorization: " + testToken, "Cookie: spillway_token=WRONG"} {
			a := s.ask(c.method, c.path, "{}", header)
			require.Equal(t, http.StatusForbidden, a.status, "%s %s with %s", c.method, c.path, header)
			require.Contains(t, reason(t, a), "token")
		}
	}
	require.NotContains(t, s.run.called(), "stop")
	require.Equal(t, http.StatusOK, s.ask("POST", "/api/run/stop", "", "Authorization: Bearer "+testToken).status)
	require.Equal(t, http.StatusOK, s.ask("POST", "/api/run/stop", "", "Cookie: spillway_token="+testToken).status)
	require.Equal(t, http.StatusForbidden, s.ask("POST", "/api/run/stop", "", "Cookie: spillway_token="+testToken, "Origin: http://evil.example").status)
	require.NotContains(t, s.log.String(), testToken, "the token is not for the log")
}

func TestTheTokenOfTheURLBecomesACookie(t *testing.T) {
	s := serve(t, death(), testToken)
	a := s.ask("GET", "/?token="+testToken, "")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Equal(t, "/", a.header.Get("Location"), "so that the projector does not show it")
	cookies := (&http.Response{Header: a.header}).Cookies()
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookies[0].SameSite)
	steering := s.ask("GET", "/", "", "Cookie: "+cookies[0].Name+"="+cookies[0].Value)
	require.Contains(t, steering.body, `data-steer="true"`)

	wrong := s.ask("GET", "/?token=WRONG", "")
	require.Equal(t, http.StatusForbidden, wrong.status)
	require.Empty(t, wrong.header.Get("Set-Cookie"))
	require.Equal(t, http.StatusForbidden, s.ask("GET", "/?token=", "").status)
}

func TestOnLoopbackEverybodySteers(t *testing.T) {
	s := serve(t, death(), "")
	require.Contains(t, s.ask("GET", "/", "").body, `data-steer="true"`)
	a := s.ask("GET", "/?token=of-yesterday", "")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Empty(t, a.header.Get("Set-Cookie"))
}

func TestNoTokenIsNeverAToken(t *testing.T) {
	s := &Site{o: Options{}}
	require.False(t, s.isToken(""))
	require.False(t, s.isToken("x"))
}

func TestProfilesStayOnThisMachine(t *testing.T) {
	s := serve(t, death(), testToken)
	require.Equal(t, http.StatusOK, s.ask("GET", "/debug/pprof/goroutine?debug=1", "").status)
	require.Equal(t, http.StatusForbidden, s.ask("GET", "/debug/pprof/", "", "Host: rebound.example").status)

	r := httptest.NewRequest("GET", "/debug/pprof/", nil)
	r.Host, r.RemoteAddr = "127.0.0.1", "192.168.0.9:5555"
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}
