package hop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// headerTimeout ends connections that never finish their request, as in lanes.
	headerTimeout = 5 * time.Second
	// dialTimeout is far above what a connection on one machine takes.
	dialTimeout = 5 * time.Second
	// reportEvery is how often the queues are looked at and told.
	reportEvery = time.Second
	// flushAtOnce has httputil write each piece through; it is for streams.
	flushAtOnce = -1
)

// Mode is what a hop does with what its reader does not take.
type Mode string

// The modes.
const (
	Passing   Mode = "proxy"           // takes no more from the lane than it can hand on
	Buffering Mode = "buffering-proxy" // takes everything, and holds it
)

// Config is what a hop is told before it starts.
type Config struct {
	Lane   string // in front of which it stands
	Listen string // address; port 0 lets the kernel choose
	Target string // host:port of the lane
	Mode   Mode
}

// Ready is the hop's answer once it listens.
type Ready struct {
	Addr string // host:port
}

// Report is what the hop says of itself, once a second.
type Report struct {
	Streams      uint64 // readers that are connected
	HeldBytes    uint64 // in its own memory: Buffering only
	FromLane     uint64 // bytes in the receive queues of its connections to the lane
	ToReaders    uint64 // bytes in the send queues of its connections to readers
	Unseen       uint64 // connections of which the kernel does not tell
	RefusedDials uint64 // requests for which the lane could not be reached
}

// Link is the hop's connection to the server that started it.
type Link interface {
	Ready(v any) error
	Report(v any) error
	Commands() <-chan json.RawMessage
}

// Main serves readers until ctx is done, or the link's commands end.
func Main(ctx context.Context, cfg Config, link Link, log *slog.Logger) error {
	h, err := New(cfg, log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for the proxy of lane %q: %w", cfg.Lane, err)
	}
	if err := link.Ready(Ready{Addr: l.Addr().String()}); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.Serve(ctx, l) })
	group.Go(func() error { return h.talk(ctx, link) })
	return group.Wait()
}

// Hop is one proxy. Create it with New.
type Hop struct {
	cfg     Config
	log     *slog.Logger
	proxy   *httputil.ReverseProxy
	readers watched // its connections to readers
	lane    watched // its connections to the lane
	held    counter
	refused counter
}

// New checks the configuration.
func New(cfg Config, log *slog.Logger) (*Hop, error) {
	if cfg.Mode != Passing && cfg.Mode != Buffering {
		return nil, fmt.Errorf("set up proxy of lane %q: unknown mode %q", cfg.Lane, cfg.Mode)
	}
	h := &Hop{cfg: cfg, log: log}
	target := &url.URL{Scheme: "http", Host: cfg.Target}
	dialer := net.Dialer{Timeout: dialTimeout}
	h.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host                 // the lane compares it with the Origin of the page
			r.Out.URL.RawQuery = r.In.URL.RawQuery // what cannot be read in it, the lane shall say
		},
		// A connection for each stream: the end of one must be the end of the other.
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return h.lane.watch(conn), nil
			},
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
		FlushInterval: flushAtOnce,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler:  h.unreachable,
	}
	if cfg.Mode == Buffering {
		h.proxy.ModifyResponse = h.hold
	}
	return h, nil
}

// unreachable answers where the lane does not: it has ended, say.
func (h *Hop) unreachable(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		h.refused.Add(1)
		h.log.Info("lane not reached", "lane", h.cfg.Lane, "err", err)
	}
	http.Error(w, fmt.Sprintf("lane %s does not answer its proxy", h.cfg.Lane), http.StatusBadGateway)
}

// Serve proxies readers on l until ctx is done.
func (h *Hop) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("/stream", h.proxy) // and nothing else: to the lane a hop is its own machine, which may see more
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() {
		server.Close()
		h.readers.closeAll() // those of WebSockets are no longer the server's
	})
	defer stop()
	err := server.Serve(watchedListener{l, &h.readers})
	if errors.Is(err, http.ErrServerClosed) {
		return ctx.Err()
	}
	return fmt.Errorf("serve the proxy of lane %q: %w", h.cfg.Lane, err)
}

// talk reports once a second until ctx is done or the commands end.
func (h *Hop) talk(ctx context.Context, link Link) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, ok := <-link.Commands(): // there are none
			if !ok {
				return nil
			}
		case <-tick.C:
			if err := link.Report(h.Report()); err != nil {
				return err
			}
		}
	}
}

// Report looks at all queues: about 3 µs for each connection.
func (h *Hop) Report() Report {
	r := Report{HeldBytes: h.held.Load(), RefusedDials: h.refused.Load()}
	var unseen uint64
	r.Streams, r.ToReaders, r.Unseen = h.readers.sum(sendQueue)
	_, r.FromLane, unseen = h.lane.sum(receiveQueue)
	r.Unseen += unseen
	return r
}
