package play

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"spillway/scenarios/script"
)

// maxSpoken is how much of a sentence the words of a step show, in characters.
const maxSpoken = 60

// when says in words when a step happens.
func when(i int, s script.Step) string {
	switch {
	case s.At != nil && *s.At == 0, s.After != nil && *s.After == 0 && i == 0:
		return "at the start"
	case s.At != nil:
		return "at " + span(time.Duration(*s.At))
	case s.After != nil && *s.After == 0:
		return "right after"
	case s.After != nil && i == 0:
		return "at " + span(time.Duration(*s.After))
	case s.After != nil:
		return span(time.Duration(*s.After)) + " later"
	case s.Timeout > 0:
		return "when " + conditions(s.WaitUntil) + ", at most " + span(time.Duration(s.Timeout))
	}
	return "when " + conditions(s.WaitUntil)
}

func conditions(all script.Conditions) string {
	var out []string
	for _, c := range all {
		out = append(out, c.Text)
	}
	return strings.Join(out, " and ")
}

// what says in words what a step does, in the order in which it does it.
func what(s script.Step) string {
	var out []string
	add := func(text string) { out = append(out, text) }
	if s.Predict != nil {
		add("asks “" + spoken(s.Predict.Question) + "”")
	}
	if s.Set != nil {
		add(setting(*s.Set))
	}
	if s.Restart != "" {
		add("restart " + s.Restart)
	}
	if s.Say != "" {
		add("says “" + spoken(s.Say) + "”")
	}
	if s.Note != "" {
		add("note “" + spoken(s.Note) + "”")
	}
	if s.Reveal {
		add("shows the answer")
	}
	if s.Pause != "" {
		add("waits for the presenter")
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, "; ")
}

// setting says in words what a change of settings changes.
func setting(s script.Set) string {
	var out []string
	add := func(who string, words ...string) {
		if text := strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", "); text != "" {
			out = append(out, who+text)
		}
	}
	add("", rate(s.Throttle), choose(s.Pause, "pause", "resume"))
	if w := s.Workload; w != nil {
		add("", word("rate ", w.Rate, perSecond), word("size ", w.Size, size), word("", w.Retention, retention))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Readers)) {
		g := s.Readers[name]
		add(name+": ", word("", g.Count, readers), rate(g.Throttle), choose(g.Pause, "pause", "resume"), choose(g.Away, "hang up", "come back"))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Lanes)) {
		l := s.Lanes[name]
		add(name+": ", rate(l.Throttle), word("limit ", l.Limit, size), choose(l.GiveBack, "give memory back", "keep memory"), word("", l.SendBuffer, sendBuffer))
	}
	if len(out) == 0 {
		return "no change"
	}
	return strings.Join(out, "; ")
}

// word is a value with what it is, or nothing.
func word[T any](label string, value *T, format func(T) string) string {
	if value == nil {
		return ""
	}
	return label + format(*value)
}

func choose(value *bool, yes, no string) string {
	return word("", value, func(v bool) string {
		if v {
			return yes
		}
		return no
	})
}

func rate(t *script.Throttle) string {
	return word("", t, func(t script.Throttle) string {
		if t == script.NoThrottle {
			return "no throttle"
		}
		return "throttle " + size(script.Size(t)) + "/s"
	})
}

func perSecond(r script.Rate) string { return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s" }

func retention(n int64) string {
	if n == 0 {
		return "keep what is unread"
	}
	return fmt.Sprintf("keep %d messages", n)
}

func sendBuffer(n script.Buffer) string {
	if n == script.BufferOS {
		return "send buffers of the system"
	}
	return "send buffer " + size(script.Size(n))
}

func readers(n int) string {
	if n == 1 {
		return "1 reader"
	}
	return fmt.Sprintf("%d readers", n)
}

// size writes bytes as a file would: exact, and short.
func size(n script.Size) string {
	out := strconv.FormatInt(int64(n), 10) + "B"
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20}, {"GB", 1e9}, {"GiB", 1 << 30}} {
		if int64(n) < u.bytes || int64(n)*10%u.bytes != 0 {
			continue
		}
		out = strconv.FormatFloat(float64(n)/float64(u.bytes), 'f', -1, 64) + u.suffix
	}
	return out
}

// span writes a span of time with at most three digits behind the point.
func span(d time.Duration) string {
	if d > 0 && d < time.Second {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + " ms"
	}
	minutes := int(d / time.Minute)
	if d < 2*time.Minute {
		minutes = 0
	}
	rest := math.Round((d-time.Duration(minutes)*time.Minute).Seconds()*1000) / 1000
	seconds := strconv.FormatFloat(rest, 'f', -1, 64) + " s"
	switch {
	case minutes == 0:
		return seconds
	case rest == 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d min %s", minutes, seconds)
}

// spoken is the beginning of a text, in one line.
func spoken(text string) string {
	words := strings.Join(strings.Fields(text), " ")
	runes := []rune(words)
	if len(runes) <= maxSpoken {
		return words
	}
	cut := string(runes[:maxSpoken])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " .,;:") + " …"
}
