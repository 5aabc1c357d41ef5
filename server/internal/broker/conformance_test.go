package broker_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker/brokertest"
)

var update = flag.Bool("update", false, "record testdata/*.txt again, from the redis-server on PATH")

// TestConformance plays the conversations in testdata against both brokers. What
// stands there is what redis-server 7 said: -update records it.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	if *update {
		for _, file := range files {
			record(t, file)
		}
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) { play(t, b, file) })
		})
	}
}

// play sends the lines that begin with "> " and compares the replies with the
// line behind each. "# " begins a comment and, like an empty line, means nothing.
func play(t *testing.T, b *brokertest.Broker, file string) {
	conn := single(t, b)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	played := 0
	for i, line := range lines {
		if command, ok := strings.CutPrefix(line, "> "); ok {
			require.Less(t, i+1, len(lines))
			require.Equal(t, lines[i+1], say(t, conn, command), "%s:%d: %s", file, i+1, command)
			played++
		}
	}
	require.NotZero(t, played)
}

func record(t *testing.T, file string) {
	conn := single(t, brokertest.Redis(t))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var out []string
	comment := true
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		command, ok := strings.CutPrefix(line, "> ")
		switch {
		case ok:
			out = append(out, line, say(t, conn, command))
			comment = false
		case line == "" || strings.HasPrefix(line, "# "):
			out = append(out, line)
			comment = true
		default:
			require.False(t, comment, "%s: a reply without a command: %s", file, line)
		}
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o644))
}

// single returns one RESP2 connection.
func single(t *testing.T, b *brokertest.Broker) *redis.Conn {
	conn := b.Client(t, func(o *redis.Options) { o.Protocol = 2 }).Conn()
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func say(t *testing.T, conn *redis.Conn, command string) string {
	var args []any
	for _, word := range strings.Fields(command) {
		if word == `""` {
			word = ""
		}
		args = append(args, word)
	}
	reply, err := conn.Do(t.Context(), args...).Result()
	var refused redis.Error
	switch {
	case errors.Is(err, redis.Nil):
		return "(nil)"
	case errors.As(err, &refused):
		return "(error) " + err.Error()
	}
	require.NoError(t, err, command)
	return render(reply)
}

func render(reply any) string {
	switch r := reply.(type) {
	case nil:
		return "(nil)"
	case int64:
		return fmt.Sprintf("(integer) %d", r)
	case []any:
		var all []string
		for _, one := range r {
			all = append(all, render(one))
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	return fmt.Sprintf("%q", reply)
}
