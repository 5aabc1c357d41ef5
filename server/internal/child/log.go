package child

import (
	"io"
	"log/slog"
)

// NewLog is the logger of a child: one JSON record a line on stderr, which the
// supervisor decodes and passes on with level, message and attributes intact.
// What is not such a record (a panic, a library's print) it passes on as text.
func NewLog(stderr io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(stderr, nil))
}
