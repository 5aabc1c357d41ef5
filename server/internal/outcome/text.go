package outcome

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"spillway/web/chart"
)

// TextOptions say where a summary is read.
type TextOptions struct {
	Color bool // the terminal shows ANSI colours; nothing is said by colour alone
	Width int  // columns of the terminal; 0: lines are as long as they get
}

// The colours: of what held, what did not, what nobody knows, what to read first.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	bold   = "1"
)

// summary gathers lines until they are written.
type summary struct {
	TextOptions
	strings.Builder
}

// WriteText writes a summary for a terminal: what held, the lanes side by side,
// what it took, and how it ended.
func WriteText(w io.Writer, r Result, o TextOptions) error {
	s := &summary{TextOptions: o}
	s.title(r)
	s.checks(r)
	s.waits(r)
	s.table(r)
	s.took(r)
	s.changes(r)
	for _, remark := range r.Remarks {
		s.hanging("  ! ", signed, "Of the recording: "+remark)
	}
	colour := red
	if r.Code() == CodeHeld {
		colour = green
	}
	s.paragraph("", r.Closing(), colour)
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

func (s *summary) title(r Result) {
	s.paragraph("", r.Title, bold)
	s.paragraph("", r.Sentence(), "")
	s.WriteByte('\n')
}

func (s *summary) checks(r Result) {
	if len(r.Checks) == 0 {
		return
	}
	s.paragraph("", "Thresholds", bold)
	var names, rules, became int
	for _, c := range r.Checks {
		names, rules, became = max(names, length(c.Name)), max(rules, length(c.Rule)), max(became, length("seen "+c.Seen))
	}
	aligned := s.fits(signed + names + gap + rules + gap + became)
	for _, c := range r.Checks {
		sign, colour := "✓", green
		switch {
		case !c.Known:
			sign, colour = "?", yellow
		case !c.Holds:
			sign, colour = "✗", red
		}
		head := "  " + s.paint(sign, colour) + " "
		if !aligned {
			s.WriteString(head + s.cut(c.Name, signed) + "\n")
			s.paragraph("    ", c.Rule+", "+c.became(), c.colour())
			continue
		}
		head += left(c.Name, names) + "  " + left(c.Rule, rules)
		if s.fits(signed + names + gap + rules + gap + length(c.became())) {
			s.WriteString(head + "  " + s.paint(c.became(), c.colour()) + "\n")
		} else {
			s.WriteString(strings.TrimRight(head, " ") + "\n")
			s.paragraph("      ", c.became(), c.colour())
		}
	}
	s.WriteByte('\n')
}

// became is what was seen, and beside it what was wanted where the rule does not
// say it itself.
func (c Check) became() string {
	switch {
	case !c.Known:
		return "fails: no value"
	case c.Holds:
		return "seen " + c.Seen
	case strings.HasSuffix(c.Rule, c.Wanted):
		return "failed: seen " + c.Seen
	}
	return "failed: wanted " + c.Wanted + ", seen " + c.Seen
}

func (c Check) colour() string {
	if c.Holds {
		return ""
	}
	return red
}

func (s *summary) waits(r Result) {
	late := r.TimedOut()
	if len(late) == 0 {
		return
	}
	s.paragraph("", "Waits that were not true in time", bold)
	for _, w := range late {
		text := w.Condition
		if w.AtMost != "" {
			text += ", not within " + w.AtMost
		}
		if w.Line > 0 {
			text += ", line " + strconv.Itoa(w.Line)
		}
		s.hanging("  "+s.paint("✗", red)+" ", 4, text)
	}
	s.WriteByte('\n')
}

// took is one line about the run as a whole.
func (s *summary) took(r Result) {
	parts := []string{duration(r.ElapsedSeconds), many(r.ProducedMessages, "message") + " produced"}
	if broker := r.Broker.words(); broker != "" {
		parts = append(parts, broker)
	}
	if r.LostMessages > 0 {
		parts = append(parts, many(r.LostMessages, "message")+" lost with the broker")
	}
	if r.Late.Steps > 0 {
		parts = append(parts, fmt.Sprintf("steps late by %s (p50), %s (p99), %s at most",
			duration(r.Late.P50Seconds), duration(r.Late.P99Seconds), duration(r.Late.MaxSeconds)))
	}
	s.paragraph("", strings.Join(parts, " · "), "")
	s.WriteByte('\n')
}

func (b Broker) words() string {
	out := "broker " + b.Kind
	if b.Kind == "" {
		out = "broker"
	}
	if b.UsedMaxBytes == nil {
		if b.Kind == "" {
			return ""
		}
		return out
	}
	out += " used " + chart.Bytes(float64(*b.UsedMaxBytes)) + " at most"
	if b.LimitBytes != nil {
		out += " of " + chart.Bytes(float64(*b.LimitBytes))
	}
	return out
}

func (s *summary) changes(r Result) {
	if len(r.ByHand) == 0 {
		return
	}
	s.paragraph("", "Changed by hand", bold)
	for _, c := range r.ByHand {
		at := chart.Clock(c.AtSeconds)
		s.hanging("  "+at+"  ", 4+len(at), c.Text)
	}
	s.WriteByte('\n')
}

// paragraph writes words in lines that fit.
func (s *summary) paragraph(before, text, colour string) {
	for _, line := range s.wrap(text, length(before)) {
		s.WriteString(before + s.paint(line, colour) + "\n")
	}
}

// hanging writes a paragraph whose first line begins with head, which takes
// columns of them.
func (s *summary) hanging(head string, columns int, text string) {
	for i, line := range s.wrap(text, columns) {
		if i > 0 {
			head = strings.Repeat(" ", columns)
		}
		s.WriteString(head + line + "\n")
	}
}

func (s *summary) wrap(text string, taken int) []string {
	if s.Width == 0 || s.fits(taken+length(text)) {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case s.fits(taken + length(line) + 1 + length(word)):
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

func (s *summary) fits(columns int) bool { return s.Width <= 0 || columns <= s.Width }

func (s *summary) cut(text string, taken int) string {
	if s.fits(taken + length(text)) {
		return text
	}
	return shorten(text, max(least, s.Width-taken))
}

func (s *summary) paint(text, colour string) string {
	if !s.Color || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func length(text string) int { return utf8.RuneCountInString(text) }

func left(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-length(text)))
}

func right(text string, width int) string {
	return strings.Repeat(" ", max(0, width-length(text))) + text
}

func shorten(text string, width int) string {
	if length(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
