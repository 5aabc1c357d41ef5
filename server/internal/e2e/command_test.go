package e2e

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// once runs the program with arguments with which it ends by itself.
func once(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	require.NoError(t, ctx.Err(), "the program did not end")
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

func TestHelp(t *testing.T) {
	for _, flag := range []string{"--help", "-h"} {
		code, stdout, stderr := once(t, flag)
		require.Zero(t, code)
		require.Empty(t, stderr)
		for _, want := range []string{"--listen", "--redis", "--scenario", "--max-memory", "--open", "--verbose", "one-slow-reader", "Exit codes"} {
			require.Contains(t, stdout, want)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	for name, c := range map[string]struct {
		args string
		code int
		want string
	}{
		"busy port":            {"--listen " + busy.Addr().String(), 1, busy.Addr().String() + " is in use"},
		"no such address":      {"--listen 192.0.2.1:8080", 1, "listen on 192.0.2.1:8080"},
		"port that is none":    {"--listen 127.0.0.1:99999", 1, "99999"},
		"address that is none": {"--listen 8080", 64, `--listen "8080": want host:port`},
		"unknown flag":         {"--port 8080", 64, "-port (--help lists the flags)"},
		"stray word":           {"start", 64, `unexpected "start" (--help lists the flags)`},
		"flag without value":   {"--listen", 64, "--help lists the flags"},
		"unknown scenario":     {"--scenario nothing", 64, `--scenario "nothing": there is no such lesson; there are one-slow-reader`},
		"memory without unit":  {"--max-memory 1000", 64, `--max-memory: size "1000": want a number with its unit`},
		"too little memory":    {"--max-memory 40MiB", 64, "--max-memory: too little memory for one-slow-reader: 2 lanes have 40MiB together, which leaves each 20MiB; a lane needs 32MiB"},
		"no Redis":             {"--redis http://127.0.0.1:1", 64, "--redis: want local or redis://"},
		"no URL":               {"--redis remote", 64, "--redis: want local or redis://"},
		"password in the URL":  {"--redis redis://:secret@", 64, "--redis: want local or redis://"},
		"client without place": {"client", 64, "usage: spillway client FOLDER"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := once(t, strings.Fields(c.args)...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stderr, c.want)
			require.NotContains(t, stderr, "secret")
			require.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
			require.Empty(t, stdout)
		})
	}
}

func TestRedisLocalWithoutRedis(t *testing.T) {
	t.Setenv("PATH", goOnly(t))
	code, _, stderr := once(t, "--listen", "127.0.0.1:0", "--redis", "local")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there is no redis-server on PATH; install it")
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
}

// goOnly is a PATH with the Go tool and nothing else.
func goOnly(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("go")
	require.NoError(t, err)
	return path[:strings.LastIndexByte(path, '/')]
}

func TestAnOversizedHeaderIsRefused(t *testing.T) {
	p := start(t)
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(p.URL, "http://"), "/"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: " + strings.Repeat("x", 32<<10) + "\r\n\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	require.Contains(t, string(answer[:n]), "431")
	require.Equal(t, "rest", p.state().State, "the server goes on")
}
