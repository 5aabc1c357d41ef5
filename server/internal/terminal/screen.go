package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Screen draws lines over the ones before, in place. What is printed stays above
// them. Its methods may be called from any goroutine; they block while the
// terminal does.
type Screen struct {
	mu    sync.Mutex
	w     io.Writer
	shown []string // the lines at the bottom
	begun bool
	rest  []byte // printed, but not a whole line yet
}

// NewScreen draws on a terminal.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// What a terminal is told: lines are not wrapped, so that each takes one row
// however wide its characters are, and the cursor does not flicker about.
const (
	takeOver   = "\x1b[?25l\x1b[?7l"
	giveBack   = "\x1b[?7h\x1b[?25h"
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
)

// Draw replaces the lines at the bottom, in one write.
func (s *Screen) Draw(lines []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(nil, lines)
}

// Write prints whole lines above those that are drawn; an unfinished one waits
// for its end.
func (s *Screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, text...)
	end := bytes.LastIndexByte(s.rest, '\n')
	if end < 0 {
		return len(text), nil
	}
	above := strings.Split(string(s.rest[:end]), "\n")
	s.rest = append([]byte(nil), s.rest[end+1:]...)
	return len(text), s.put(above, s.shown)
}

// Close leaves the last lines where they are and the terminal as it was. Drawing
// again takes it over anew.
func (s *Screen) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []byte
	if len(s.rest) > 0 {
		out = fmt.Appendln(out, string(s.rest))
	}
	if s.begun {
		out = append(out, giveBack...)
	}
	s.shown, s.rest, s.begun = nil, nil, false
	if len(out) == 0 {
		return nil
	}
	_, err := s.w.Write(out)
	return err
}

// put writes lines that stay and lines that will be drawn over. s.mu is held.
func (s *Screen) put(above, lines []string) error {
	var out []byte
	if !s.begun && len(lines) > 0 {
		out = append(out, takeOver...)
		s.begun = true
	}
	if n := len(s.shown); n > 0 {
		out = fmt.Appendf(out, "\r\x1b[%dA", n)
	}
	for _, all := range [][]string{above, lines} {
		for _, text := range all {
			out = append(out, text...)
			if s.begun {
				out = append(out, clearRight...)
			}
			out = append(out, '\n')
		}
	}
	if len(lines) < len(s.shown) {
		out = append(out, clearBelow...)
	}
	s.shown = lines
	_, err := s.w.Write(out)
	return err
}
