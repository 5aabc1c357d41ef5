package script

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	words := []string{"rss", "heap", "heap_total", "backlog", "backlog_bytes", "redis-stream", "redis-pubsub", "p", "ghost"}
	for word, want := range map[string]string{
		"rs":           "rss",
		"RSS":          "rss",
		"heep":         "heap",
		"haep":         "heap",
		"backlgo":      "backlog",
		"backlog-byte": "backlog_bytes",
		"heap-total":   "heap_total",
		"redis_stream": "redis-stream",
		"redispubsub":  "redis-pubsub",
		"ghosts":       "ghost",
		"":             "",
		"x":            "",
		"latency":      "",
		"cpu":          "",
	} {
		require.Equal(t, want, nearest(word, words), word)
	}
	require.Equal(t, "ab", nearest("aa", []string{"ab", "ac"}), "the first of two that are as near")
	require.Empty(t, nearest(strings.Repeat("a", 1<<16), []string{"a"}))
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1},
		{"abcd", "badc", 2}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		require.Equal(t, c.want, distance(c.a, c.b), "%s %s", c.a, c.b)
		require.Equal(t, c.want, distance(c.b, c.a), "%s %s", c.b, c.a)
	}
}
