package lanehost

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// ask is what a reader asked for, checked.
type ask struct {
	channel   string
	last      uint64 // sequence it has already
	resume    bool   // it said so, even if that was 0
	origin    string // allowed to read the answer in a browser; empty without one
	transport transport.Definition
	tab       uint64 // the id that a tab gave this connection; 0: none
	id        uint64 // likewise, or a reader of the crowd
}

func (h *Host) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stream", h.stream)
	mux.HandleFunc("OPTIONS /stream", h.preflight)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /{$}", h.about)
	mux.Handle("/debug/pprof/", ownMachineOnly(pprof.Index))
	mux.Handle("/debug/pprof/profile", ownMachineOnly(pprof.Profile))
	mux.Handle("/debug/pprof/symbol", ownMachineOnly(pprof.Symbol))
	mux.Handle("/debug/pprof/trace", ownMachineOnly(pprof.Trace))
	mux.Handle("/debug/pprof/cmdline", ownMachineOnly(pprof.Cmdline))
	return mux
}

// about answers somebody who opened the lane instead of the page.
func (h *Host) about(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "lane %s: %s, %s, %s\n\nGET /stream?reader=NAME  events; Last-Event-ID or &last=SEQ resumes, &transport=NAME speaks another way (%s)\nGET /debug/pprof/        profiles, from this machine only\n\nreaders:\n",
		h.cfg.Name, h.cfg.Source, h.cfg.Strategy, h.cfg.Transport, transport.Names())
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.channels)) {
		if count := h.channels[name]; count == lane.Single {
			fmt.Fprintf(w, "  %s\n", name)
		} else if count > 0 {
			fmt.Fprintf(w, "  %s-0 … %s-%d\n", name, name, count-1)
		}
	}
}

// stream checks the request and lets the reader in.
func (h *Host) stream(w http.ResponseWriter, r *http.Request) {
	origin, ok := h.pageOrigin(r)
	if !ok {
		h.refuse(w, r, http.StatusForbidden, "this stream can be read from the page of this server only, not from "+r.Header.Get("Origin"))
		return
	}
	if origin != "" { // so that a refusal can be read by the page as well
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Vary", "Origin")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, "the query cannot be read: "+err.Error())
		return
	}
	a := ask{channel: query.Get("reader"), origin: origin}
	if a.channel == "" {
		h.refuse(w, r, http.StatusBadRequest, "say who reads: /stream?reader=NAME; GET / lists the names")
		return
	}
	if !h.known(a.channel) {
		h.refuse(w, r, http.StatusNotFound, fmt.Sprintf("there is no reader %.80q in this run; GET / lists the names", a.channel))
		return
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = query.Get("last")
	}
	if last != "" {
		if a.last, err = strconv.ParseUint(last, 10, 63); err != nil {
			h.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("the last event id %.40q is not a sequence number", last))
			return
		}
		a.resume = true
	}
	a.transport = h.transport
	if name := query.Get("transport"); name != "" {
		if a.transport, ok = transport.Find(name); !ok {
			h.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("this lane does not speak %.40q; it speaks %s", name, transport.Names()))
			return
		}
	}
	if a.tab, err = idIn(query, "tab", "tab"); err == nil {
		a.id, err = idIn(query, "conn", "connection")
	}
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if a.id == 0 {
		a.id = a.tab
	}
	h.accept(w, r, a)
}

// idIn reads a parameter that is the id of something; 0 without one.
func idIn(query url.Values, parameter, of string) (uint64, error) {
	text := query.Get(parameter)
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseUint(text, 10, 53)
	if err != nil {
		return 0, fmt.Errorf("the id %.40q of the %s is not a number below 2^53", text, of)
	}
	return id, nil
}

// known tells whether the run has this reader: "you", or "slow-17" where there
// are at least 18 slow ones.
func (h *Host) known(channel string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.channels[channel] == lane.Single {
		return true
	}
	cut := strings.LastIndexByte(channel, '-')
	if cut < 0 {
		return false
	}
	digits := channel[cut+1:]
	n, err := strconv.ParseUint(digits, 10, 31)
	return err == nil && (digits == "0" || digits[0] != '0') && int(n) < h.channels[channel[:cut]]
}

// pageOrigin tells which origin may read the answer. A request without an
// Origin comes from no page. The page is served by the same host under its own
// port; whatever name the visitor used for it is in both headers.
func (h *Host) pageOrigin(r *http.Request) (origin string, ok bool) {
	origin = r.Header.Get("Origin")
	if origin == "" {
		return "", true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return "", false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(r.Host); err == nil {
		host = name
	}
	port := u.Port()
	if port == "" && u.Scheme == "http" {
		port = "80"
	}
	return origin, u.Hostname() == strings.Trim(host, "[]") && port == strconv.Itoa(h.cfg.PagePort)
}

func (h *Host) preflight(w http.ResponseWriter, r *http.Request) {
	origin, ok := h.pageOrigin(r)
	if !ok || origin == "" {
		h.refuse(w, r, http.StatusForbidden, "this stream can be read from the page of this server only")
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Headers", "Last-Event-ID")
	w.Header().Set("Vary", "Origin")
	w.WriteHeader(http.StatusNoContent)
}

func (h *Host) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	h.log.Info("request refused", "status", status, "from", r.RemoteAddr, "why", why)
	http.Error(w, why, status)
}

// readyEvent is the data of the first event: what the reader is connected to.
func readyEvent(cfg lane.Config, a ask) string {
	b, _ := json.Marshal(struct { // strings and numbers: cannot fail
		Lane     string `json:"lane"`
		Strategy string `json:"strategy"`
		Reader   string `json:"reader"`
		After    uint64 `json:"after"`
	}{cfg.Name, cfg.Strategy, a.channel, a.last})
	return string(b)
}

// ownMachineOnly keeps profiles, which show what is in the heap, on the machine
// they are of.
func ownMachineOnly(handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromOwnMachine(r) {
			http.Error(w, "profiles are served to the same machine only", http.StatusForbidden)
			return
		}
		handler(w, r)
	})
}

// fromOwnMachine tells whether a request came over loopback, or from the address
// that it came to: a lane that listens on one other address has no loopback. The
// answer goes to that address, so that nobody else can make the connection.
func fromOwnMachine(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := from.Addr().Unmap()
	to, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ip.IsLoopback() || ok && to.AddrPort().Addr().Unmap() == ip
}
