package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// logLine is one line of a child's log.
type logLine struct {
	level slog.Level
	text  string
	attrs []slog.Attr // sorted by key
}

// parseLogLine decodes a record of [child.NewLog]. Anything else, a panic or
// the log of a foreign program, is text at level info.
func parseLogLine(line []byte, cut bool) logLine {
	plain := logLine{level: slog.LevelInfo, text: logText(line, cut)}
	if cut || len(line) == 0 || line[0] != '{' {
		return plain
	}
	var record map[string]any
	if json.Unmarshal(line, &record) != nil {
		return plain
	}
	text, isText := record[slog.MessageKey].(string)
	level, isLevel := record[slog.LevelKey].(string)
	parsed := logLine{text: logText([]byte(text), false)}
	if !isText || !isLevel || parsed.level.UnmarshalText([]byte(level)) != nil {
		return plain
	}
	for key, value := range record {
		switch key {
		case slog.MessageKey, slog.LevelKey, slog.TimeKey: // the forwarded record has its own time
		default:
			parsed.attrs = append(parsed.attrs, slog.String(logText([]byte(key), false), attrText(value)))
		}
	}
	slices.SortFunc(parsed.attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })
	return parsed
}

// attrText writes a decoded attribute as slog's text would.
func attrText(value any) string {
	if s, ok := value.(string); ok {
		return logText([]byte(s), false)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return logText(text, false)
}

// String is the line as a person reads it in Exit.LogTail: "message key=value".
func (l logLine) String() string {
	if len(l.attrs) == 0 {
		return l.text
	}
	var b strings.Builder
	b.WriteString(l.text)
	for _, a := range l.attrs {
		value := a.Value.String()
		if strings.ContainsAny(value, " =\"") {
			value = strconv.Quote(value)
		}
		b.WriteString(" " + a.Key + "=" + value)
	}
	return logText([]byte(b.String()), false)
}

func (l logLine) forward(ctx context.Context, log *slog.Logger) {
	log.LogAttrs(ctx, l.level, l.text, l.attrs...)
}
