package supervisor

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/child"
)

func TestLogTailKeepsTheEnd(t *testing.T) {
	var tail logTail
	require.Empty(t, tail.lines())
	for i := range logTailLines + 5 {
		tail.add(fmt.Sprint(i))
	}
	lines := tail.lines()
	require.Len(t, lines, logTailLines)
	require.Equal(t, "5", lines[0])
	require.Equal(t, fmt.Sprint(logTailLines+4), lines[logTailLines-1])
}

func TestLogTailKeepsTheBeginningOfACrash(t *testing.T) {
	for _, dump := range []int{3, logTailLines - 1, logTailLines, logTailLines + 4, 500} {
		t.Run(fmt.Sprint(dump), func(t *testing.T) {
			var tail logTail
			tail.add("all is well")
			tail.add("fatal error: all goroutines are asleep")
			for i := range dump {
				tail.add(fmt.Sprint("dump ", i))
			}
			lines := tail.lines()
			require.Equal(t, 1, count(lines, "fatal error: all goroutines are asleep"))
			require.Equal(t, 1, count(lines, "dump 0"))
			require.Equal(t, 1, count(lines, fmt.Sprint("dump ", dump-1)))
			require.LessOrEqual(t, len(lines), logTailLines+crashLines+1)
			if left := 1 + dump - logTailLines - crashLines; left > 0 {
				require.Equal(t, 1, count(lines, fmt.Sprintf("… %d lines left out …", left)))
			} else {
				require.NotContains(t, strings.Join(lines, "\n"), "left out")
			}
		})
	}
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

func TestLogText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"\x1b[31mred\x1b[0m\r":         "[31mred[0m",
		"a\tb":                         "a b",
		"bad \xff utf8":                "bad  utf8",
		strings.Repeat("x", 600):       strings.Repeat("x", logLineBytes) + "…",
		strings.Repeat("é", 300):       strings.Repeat("é", logLineBytes/2) + "…",
		"x" + strings.Repeat("é", 300): "x" + strings.Repeat("é", logLineBytes/2-1) + "…",
	} {
		require.Equal(t, want, logText([]byte(in), false))
	}
	require.Equal(t, "cut…", logText([]byte("cut"), true))
}

func TestParseLogLine(t *testing.T) {
	for in, want := range map[string]string{
		`{"time":"2026-01-01T00:00:00Z","level":"WARN","msg":"cannot listen","port":80}`: "WARN cannot listen port=80",
		`{"level":"ERROR","msg":"lost","b":{"x":[1,2]},"a":"two words"}`:                 `ERROR lost a="two words" b="{\"x\":[1,2]}"`,
		`{"level":"INFO+2","msg":""}`:                                                    "INFO+2 ",
		`panic: oops`:                                                                    "INFO panic: oops",
		`{"msg":"no level"}`:                                                             `INFO {"msg":"no level"}`,
		`{"level":"LOUD","msg":"x"}`:                                                     `INFO {"level":"LOUD","msg":"x"}`,
		`{"level":"INFO","msg":1}`:                                                       `INFO {"level":"INFO","msg":1}`,
		`{"level":"INFO","msg":"torn`:                                                    `INFO {"level":"INFO","msg":"torn`,
		`[1]`:                                                                            `INFO [1]`,
	} {
		l := parseLogLine([]byte(in), false)
		require.Equal(t, want, l.level.String()+" "+l.String())
	}
	require.Equal(t, `{"level":"INFO","msg":"x"}…`, parseLogLine([]byte(`{"level":"INFO","msg":"x"}`), true).String())
}

// What a child logs arrives in the server's log with level and attributes.
func TestForwardedLog(t *testing.T) {
	var stderr, server bytes.Buffer
	child.NewLog(&stderr).With("lane", "push").Error("write", "reader", 7)
	log := slog.New(slog.NewTextHandler(&server, nil)).With("process", "lane push")
	parseLogLine(bytes.TrimSpace(stderr.Bytes()), false).forward(t.Context(), log)
	require.Contains(t, server.String(), `level=ERROR msg=write process="lane push" lane=push reader=7`)
}

func FuzzParseLogLine(f *testing.F) {
	f.Add([]byte(`{"level":"WARN","msg":"cannot listen","port":80}`), false)
	f.Add([]byte("panic: \x1b[0m"), true)
	f.Fuzz(func(t *testing.T, line []byte, cut bool) {
		text := parseLogLine(line, cut).String()
		if len(text) > logLineBytes+len("…") || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x1b\x00") {
			t.Fatalf("%q of %q", text, line)
		}
	})
}
