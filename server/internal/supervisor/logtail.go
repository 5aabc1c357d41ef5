package supervisor

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	logTailLines = 40  // enough for a page's fold-out
	logLineBytes = 512 // longer lines are cut
	crashLines   = 16  // message, goroutine and the nearest frames of a Go crash
)

// logTail keeps the end of a log in bounded memory (about 28 KiB), and the
// beginning of a Go crash, which the goroutine dump after it would push out.
// Safe for concurrent use.
type logTail struct {
	mu      sync.Mutex
	ring    [logTailLines]string
	total   int // lines ever
	crash   []string
	crashAt int // total before the crash's first line
}

func (t *logTail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if startsCrash(line) && len(t.crash) == 0 {
		t.crashAt = t.total
		t.crash = make([]string, 0, crashLines)
	}
	if t.crash != nil && len(t.crash) < crashLines {
		t.crash = append(t.crash, line)
	}
	t.ring[t.total%logTailLines] = line
	t.total++
}

// lines returns what is kept, oldest first.
func (t *logTail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := max(0, t.total-logTailLines)
	var out []string
	if t.crash != nil && t.crashAt < first {
		head := t.crash[:min(len(t.crash), first-t.crashAt)]
		out = append(out, head...)
		if left := first - t.crashAt - len(head); left > 0 {
			out = append(out, fmt.Sprintf("… %d lines left out …", left))
		}
	}
	for i := first; i < t.total; i++ {
		out = append(out, t.ring[i%logTailLines])
	}
	return out
}

// startsCrash recognises the first line of the Go runtime's own last words.
func startsCrash(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "SIG")
}

// logText makes a line of a log fit to be shown: within bounds, valid UTF-8, no
// control characters that would move a terminal's cursor.
func logText(line []byte, cut bool) string {
	if len(line) > logLineBytes {
		line, cut = line[:logLineBytes], true
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			return -1
		}
		return r
	}, string(line))
	if cut {
		s += "…"
	}
	return s
}
