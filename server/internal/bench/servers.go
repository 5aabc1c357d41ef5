package bench

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/child"
)

// ServerConfig is what a server that lanes are compared with is told.
type ServerConfig struct {
	Kind      string // of serverKinds
	BrokerURL string
	RunID     string
}

// ServerReady is its answer.
type ServerReady struct{ Addr string }

const (
	// channelCapacity is the room of a Go channel between hub and reader. What
	// comes while it is full is lost for this reader, as such servers do it: the
	// alternative is that one slow reader stops them all.
	channelCapacity = 256
	// blockEvents is how many events the ceiling puts into one write, and
	// blockWait how long a first one may wait for the others.
	blockEvents = 64
	blockWait   = time.Millisecond
)

// serverKinds are how one reader is served, by the name of the kind.
var serverKinds = map[string]func(hubs *hubs) func(context.Context, net.Listener) error{
	"channel": serveChannel,
	"raw":     serveRaw,
}

// ServeMain is the process of a server that lanes are compared with. It takes
// its input from the broker through the same client as a lane.
func ServeMain(ctx context.Context, cfg ServerConfig, link *child.Link, log *slog.Logger) error {
	kind, ok := serverKinds[cfg.Kind]
	if !ok {
		return fmt.Errorf("there is no server %q", cfg.Kind)
	}
	hubs, err := newHubs(cfg, cfg.Kind == "raw", log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := link.Ready(ServerReady{l.Addr().String()}); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return kind(hubs)(ctx, l) })
	group.Go(func() error { <-ctx.Done(); return l.Close() })
	err = group.Wait()
	hubs.close()
	return err
}

// serveChannel is the server that many would write: net/http, a Go channel for
// each reader, and a loop that writes all that is there before it flushes.
func serveChannel(hubs *hubs) func(context.Context, net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index) // on loopback, as it all is
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w)
		fmt.Fprint(w, "event: ready\ndata: {}\n\n")
		if flush.Flush() != nil {
			return
		}
		events, leave := hubs.join(r.URL.Query().Get("reader"), channelCapacity)
		defer leave()
		for {
			select {
			case event, open := <-events:
				if !open {
					return
				}
				w.Write(event) //nolint:errcheck // Flush tells
			case <-r.Context().Done():
				return
			}
			for more := true; more; {
				select {
				case event, open := <-events:
					if !open {
						return
					}
					w.Write(event) //nolint:errcheck // Flush tells
				default:
					more = false
				}
			}
			if flush.Flush() != nil {
				return
			}
		}
	})
	return func(ctx context.Context, l net.Listener) error {
		server := &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }}
		defer context.AfterFunc(ctx, func() { server.Close() })()
		if err := server.Serve(l); ctx.Err() == nil {
			return fmt.Errorf("serve: %w", err)
		}
		return ctx.Err()
	}
}

// serveRaw is the ceiling: no HTTP, and blocks of events that are made once for
// all readers. Nobody could use it; nothing that writes each reader's events in
// user space is much faster.
func serveRaw(hubs *hubs) func(context.Context, net.Listener) error {
	return func(ctx context.Context, l net.Listener) error {
		var readers sync.WaitGroup
		defer readers.Wait()
		for {
			conn, err := l.Accept()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("accept: %w", err)
			}
			readers.Go(func() { writeRaw(ctx, hubs, conn) })
		}
	}
}

func writeRaw(ctx context.Context, hubs *hubs, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	if _, err := conn.Write([]byte("event: ready\ndata: {}\n\n")); err != nil {
		return
	}
	blocks, leave := hubs.join(request.URL.Query().Get("reader"), channelCapacity)
	defer leave()
	for {
		select {
		case block, open := <-blocks:
			if !open {
				return
			}
			if _, err := conn.Write(block); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
