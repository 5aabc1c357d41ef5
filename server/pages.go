package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"spillway/server/internal/browser"
	"spillway/server/internal/client"
	"spillway/server/internal/site"
	"spillway/web"
)

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
)

// pages serves what a browser shows, whether it is a run or a recording. The
// zero value is to be prepared.
type pages struct {
	listen   string
	open     bool
	listener net.Listener
	files    client.Files
	log      *slog.Logger
	site     atomic.Pointer[site.Site] // nil until it serves
}

// prepare listens, and compiles the client where it is not there yet. Listening
// comes first: a busy port is told at once, not after the client has been
// compiled.
func (p *pages) prepare(ctx context.Context, listen string, open bool, stdout io.Writer, log *slog.Logger) error {
	p.listen, p.open, p.log = listen, open, log
	var err error
	if p.listener, err = net.Listen("tcp", listen); err != nil {
		return listenError(listen, err)
	}
	p.files, err = client.Load(ctx, client.Options{
		Release:  web.Client(),
		Progress: func(line string) { fmt.Fprintln(stdout, line) },
	})
	if err != nil {
		p.listener.Close()
	}
	return err
}

func (p *pages) addr() *net.TCPAddr { return p.listener.Addr().(*net.TCPAddr) }

// host is the interface of --listen, empty for all.
func (p *pages) host() string {
	host, _, _ := net.SplitHostPort(p.listen)
	return host
}

// changed tells open pages that there is something new. Before they are served
// there is nobody to tell.
func (p *pages) changed() {
	if s := p.site.Load(); s != nil {
		s.Changed()
	}
}

// serve answers until ctx is done. o says what is shown.
func (p *pages) serve(ctx context.Context, o site.Options, stdout io.Writer) error {
	o.Client, o.Static, o.Log = p.files, web.Static(), p.log
	o.Loopback = p.addr().IP.IsLoopback()
	if !o.Loopback {
		o.Token = rand.Text()
	}
	s, err := site.New(o)
	if err != nil {
		return err
	}
	p.site.Store(s)
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	hub := make(chan struct{})
	hubContext, closeHub := context.WithCancel(ctx)
	go func() { defer close(hub); s.Run(hubContext) }()
	defer func() { closeHub(); <-hub }()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()

	p.welcome(stdout, o.Token)
	if err := server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// welcome prints the address, and opens it if asked to.
func (p *pages) welcome(stdout io.Writer, token string) {
	addr := p.addr()
	host := "127.0.0.1"
	if !addr.IP.IsUnspecified() {
		host = addr.IP.String()
	}
	address := site.JoinURL(host, addr.Port, token)
	fmt.Fprintf(stdout, "Spillway runs at %s\n", address)
	if token != "" {
		fmt.Fprintln(stdout, "Whoever has the token in this URL steers; everybody else watches:")
		for _, ip := range interfaceAddresses(addr.IP) {
			fmt.Fprintf(stdout, "  to steer  %s\n  to watch  %s\n", site.JoinURL(ip, addr.Port, token), site.JoinURL(ip, addr.Port, ""))
		}
	}
	fmt.Fprintln(stdout, "Ctrl-C ends it.")
	if p.open {
		if err := browser.Open(address); err != nil {
			p.log.Warn("the browser does not open; open the address by hand", "err", err)
		}
	}
}

// interfaceAddresses are those under which other machines reach this one.
func interfaceAddresses(bound net.IP) []string {
	if !bound.IsUnspecified() {
		return []string{bound.String()}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && ip.IP.To4() != nil {
			out = append(out, ip.IP.String())
		}
	}
	return out
}

// listenError says in one line why the page cannot be served.
func listenError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: another Spillway may run there; choose another address, for example --listen 127.0.0.1:%d", addr, nextPort(addr))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s may not be used by this user: choose a port above 1023 with --listen", addr)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

func nextPort(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, err := strconv.Atoi(port)
	if err != nil || n >= 65535 {
		return 8081
	}
	return n + 1
}
