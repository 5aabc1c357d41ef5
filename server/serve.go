package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/browser"
	"spillway/server/internal/child"
	"spillway/server/internal/client"
	"spillway/server/internal/run"
	"spillway/server/internal/site"
	"spillway/server/internal/supervisor"
	"spillway/web"
)

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
)

// serve is the mode that a person starts.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "spillway:", err)
		return code
	}
	lessons, err := builtIn()
	if err != nil {
		return fail(exitScript, err)
	}
	f, err := parseFlags(args, names(lessons), stdout)
	if errors.Is(err, errHelp) {
		return exitOK
	}
	if err != nil {
		return fail(exitUsage, err)
	}
	lesson, err := pick(lessons, f.scenario)
	if err != nil {
		return fail(exitUsage, err)
	}
	if err := run.Check(lesson, f.maxMemory); errors.Is(err, run.ErrMemory) {
		return fail(exitUsage, fmt.Errorf("--max-memory: %w", err))
	} else if err != nil {
		return fail(exitScript, fmt.Errorf("scenario %s: %w", lesson.Name, err))
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()

	// Listening comes first: a busy port is told at once, not after the client
	// has been compiled.
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fail(exitFailure, listenError(f.listen, err))
	}
	defer listener.Close()
	files, err := client.Load(ctx, client.Options{
		Release:  web.Client(),
		Progress: func(line string) { fmt.Fprintln(stdout, line) },
	})
	if err != nil {
		return fail(exitFailure, err)
	}
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	broker.LogClient(log)
	s := server{
		flags: f, lessons: lessons, lesson: lesson, files: files, listener: listener,
		log: log,
	}
	if err := s.run(ctx, stdout); err != nil {
		return fail(exitFailure, err)
	}
	return exitOK
}

// server joins the parts and holds them while they run.
type server struct {
	flags    flags
	lessons  []script.Scenario
	lesson   script.Scenario
	files    client.Files
	listener net.Listener
	log      *slog.Logger
}

func (s server) run(ctx context.Context, stdout io.Writer) error {
	super := supervisor.New(supervisor.Options{Log: s.log})
	defer super.Close()

	addr := s.listener.Addr().(*net.TCPAddr)
	host, _, _ := net.SplitHostPort(s.flags.listen)
	loopback := addr.IP.IsLoopback()
	token := ""
	if !loopback {
		token = rand.Text()
	}
	var pages atomic.Pointer[site.Site] // set below; the run begins only after that
	control, err := run.New(ctx, run.Options{
		Scenario:       s.lesson,
		Supervisor:     super,
		Broker:         brokerOf(s.flags.redis),
		LaneHost:       host,
		PagePort:       addr.Port,
		MaxMemoryBytes: s.flags.maxMemory,
		Log:            s.log,
		Changed: func() {
			if p := pages.Load(); p != nil {
				p.Changed()
			}
		},
	})
	if err != nil {
		return err
	}
	defer control.Close()
	p, err := site.New(site.Options{
		Control: control, Client: s.files, Static: web.Static(), Lessons: s.lessons,
		Loopback: loopback, Token: token, Log: s.log,
	})
	if err != nil {
		return err
	}
	pages.Store(p)

	server := &http.Server{
		Handler:           p.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	hub := make(chan struct{})
	hubContext, closeHub := context.WithCancel(ctx)
	go func() { defer close(hub); p.Run(hubContext) }()
	defer func() { closeHub(); <-hub }()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()

	s.welcome(stdout, addr, token)
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// welcome prints the address, and opens it if asked to.
func (s server) welcome(stdout io.Writer, addr *net.TCPAddr, token string) {
	host := "127.0.0.1"
	if addr.IP.IsLoopback() {
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
	if s.flags.open {
		if err := browser.Open(address); err != nil {
			s.log.Warn("the browser does not open; open the address by hand", "err", err)
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

// builtIn reads the lessons that come with the program.
func builtIn() ([]script.Scenario, error) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list scenarios: %w", err)
	}
	var out []script.Scenario
	for _, file := range files {
		text, err := fs.ReadFile(scenarios.Files, file)
		if err != nil {
			return nil, fmt.Errorf("read scenario: %w", err)
		}
		s, err := script.Parse(strings.TrimSuffix(file, ".yaml"), text)
		if err != nil {
			return nil, err
		}
		if s.Name == scenarios.Default { // the first lesson is the one that opens
			out = append([]script.Scenario{s}, out...)
		} else {
			out = append(out, s)
		}
	}
	return out, nil
}

func names(lessons []script.Scenario) []string {
	var out []string
	for _, l := range lessons {
		out = append(out, l.Name)
	}
	return out
}

func pick(lessons []script.Scenario, name string) (script.Scenario, error) {
	for _, l := range lessons {
		if l.Name == name {
			return l, nil
		}
	}
	return script.Scenario{}, fmt.Errorf("--scenario %q: there is no such lesson; there are %s", name, strings.Join(names(lessons), ", "))
}
