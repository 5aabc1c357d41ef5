package site

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// tokenCookie keeps the token of a page that was opened with it. Cookies do not
// tell ports apart; a second server on the same host has its own token and asks
// for it anew.
const tokenCookie = "spillway_token"

// guard refuses what a page of another site could make a browser send: a
// foreign Host on a loopback server (DNS rebinding), and a foreign Origin on
// everything that changes something or opens the hub.
func (s *Site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "same-origin") // under no-referrer a browser sends forms with Origin: null
		w.Header().Set("Content-Security-Policy", policy(hostOf(r)))
		// A page and its workers that nobody else has a hold on may share memory, with
		// which a reader blocks its thread, and may measure their own.
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		if s.o.Loopback && !isLoopbackName(hostOf(r)) {
			s.refuse(w, r, http.StatusForbidden, "This server answers on this machine only, as localhost or 127.0.0.1, not as "+hostOf(r)+".")
			return
		}
		if changes(r) && !sameOrigin(r) {
			s.refuse(w, r, http.StatusForbidden, "A page from "+r.Header.Get("Origin")+" may not do this.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policy is what a page of ours may load: its own files, WASM, and the streams
// of the lanes, which are on other ports of the same host.
func policy(host string) string {
	if strings.ContainsAny(host, " ;,'\"") { // no host name; the policy must not be one it writes
		host = "127.0.0.1"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self' ws://" + host + ":* http://" + host + ":* wss://" + host + ":* https://" + host + ":*; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

func (s *Site) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.log.Warn("request refused", "status", status, "from", r.RemoteAddr, "path", r.URL.Path, "why", why)
	s.fault(w, r, status, "Not from here", why)
}

// changes tells whether a request does something. The hub is a GET that does.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == "/hub"
}

// sameOrigin tells whether a request comes from our own page, or from no page.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// maySteer tells whether a request may change the run.
func (s *Site) maySteer(r *http.Request) bool {
	if s.o.Loopback {
		return true
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.isToken(token)
	}
	cookie, err := r.Cookie(tokenCookie)
	return err == nil && s.isToken(cookie.Value)
}

func (s *Site) isToken(given string) bool {
	return s.o.Token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.o.Token)) == 1
}

// takeToken turns the token of the URL into a cookie and the URL into one that
// can be shown on a projector.
func (s *Site) takeToken(w http.ResponseWriter, r *http.Request) {
	if !s.o.Loopback {
		token := r.URL.Query().Get("token")
		if !s.isToken(token) {
			s.refuse(w, r, http.StatusForbidden, "This token is not that of the running server; it prints a new one each time it starts.")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: tokenCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// hostOf is the name under which the client knows this server, without a port.
func hostOf(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// remoteOf is the address from which a request comes, without a port.
func remoteOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

func isLoopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func wantsHTML(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
