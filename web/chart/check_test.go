package chart

import (
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	textElement = regexp.MustCompile(`<text class="([^"]*)" x="([^"]*)" y="([^"]*)"(?: text-anchor="(\w+)")?>([^<]*)</text>`)
	lineElement = regexp.MustCompile(`<line(?: class="[^"]*")? x1="([^"]*)" y1="([^"]*)" x2="([^"]*)" y2="([^"]*)"/>`)
	pathElement = regexp.MustCompile(`<path class="[^"]*" d="([^"]*)"/>`)
	headElement = regexp.MustCompile(`<circle class="[^"]*" cx="([^"]*)" cy="([^"]*)" r="3.5"/>`)
	wrappers    = regexp.MustCompile(`<g class="mark-(kill|note|restart)">|</g>|<title>[^<]*</title>`)
)

// name is a text as a browser finds it in the markup.
type name struct {
	class, text string
	x           float64
	box         box
}

// names reads the texts out of a drawing's markup.
func names(t *testing.T, d Drawing) []name {
	t.Helper()
	var all []name
	for _, e := range textElement.FindAllStringSubmatch(d.Frame+d.Over, -1) {
		perChar := map[string]float64{"tick": TickWidth, "limit-name": BoldWidth, "mark-kill": KillWidth}[e[1]]
		if perChar == 0 {
			perChar = CharWidth
		}
		a := map[string]anchor{"": atStart, "middle": atMiddle, "end": atEnd}[e[4]]
		text := html.UnescapeString(e[5])
		x := number(t, e[2])
		all = append(all, name{e[1], text, x, textBox(x, number(t, e[3]), textWidth(text, perChar), a)})
	}
	return all
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return v
}

// check holds what is true of every drawing of every model.
func check(t *testing.T, m Model) {
	t.Helper()
	d := Lay(m)
	require.True(t, d.Width >= minWidth && d.Width <= maxWidth, "width %v", d.Width)
	require.True(t, d.Height >= minHeight && d.Height <= maxHeight, "height %v", d.Height)
	require.NotEmpty(t, d.Summary)

	all := names(t, d)
	const rounding = 0.11 // coordinates are written in tenths
	for i, n := range all {
		b := n.box
		require.True(t, b.left >= -rounding && b.top >= -rounding && b.right <= d.Width+rounding && b.bottom <= d.Height+rounding,
			"%q leaves the drawing: %v", n.text, b)
		smaller := box{b.left + rounding, b.top + rounding, b.right - rounding, b.bottom - rounding}
		for _, o := range all[:i] {
			require.False(t, smaller.overlaps(o.box), "%q %v collides with %q %v", n.text, b, o.text, o.box)
		}
	}
	checkTicks(t, all)

	inside := func(x, y string) {
		t.Helper()
		for _, c := range [...]struct {
			text string
			most float64
		}{{x, d.Width}, {y, d.Height}} {
			// ParseFloat also takes "NaN" and "1e9", which no comparison below lets pass.
			if v, err := strconv.ParseFloat(c.text, 64); err != nil || !(v >= 0 && v <= c.most) || len(c.text) > len("8000.5") {
				require.FailNow(t, "coordinate outside the drawing", "%q, at most %v", c.text, c.most)
			}
		}
	}
	rest := d.Frame + d.Over
	for _, e := range lineElement.FindAllStringSubmatch(rest, -1) {
		inside(e[1], e[2])
		inside(e[3], e[4])
	}
	for _, e := range headElement.FindAllStringSubmatch(rest, -1) {
		inside(e[1], e[2])
	}
	paths := []string{}
	for _, e := range pathElement.FindAllStringSubmatch(rest, -1) {
		paths = append(paths, strings.TrimSuffix(e[1], "h18"))
	}
	for _, p := range d.Paths {
		require.LessOrEqual(t, len(p.D), 12*int(3*d.Width+100), "a path is bounded by the pixels")
		paths = append(paths, p.D)
	}
	for _, p := range paths {
		p = strings.ReplaceAll(p, "h0", "")
		numbers := strings.Fields(strings.NewReplacer("M", " ", "L", " ", "Z", " ").Replace(p))
		require.Zero(t, len(numbers)%2)
		for i := 0; i < len(numbers); i += 2 {
			inside(numbers[i], numbers[i+1])
		}
	}
	for _, known := range []*regexp.Regexp{textElement, lineElement, pathElement, headElement, wrappers} {
		rest = known.ReplaceAllString(rest, "")
	}
	require.Empty(t, rest, "markup that nothing above has looked at")
}

// checkTicks holds that time labels rise from left to right, and byte labels
// from the bottom to the top.
func checkTicks(t *testing.T, all []name) {
	t.Helper()
	lastX, lastSeconds, lastY, lastBytes := -1.0, -1.0, math.Inf(1), -1.0
	for _, n := range all {
		if n.class != "tick" {
			continue
		}
		switch seconds, isTime := tickSeconds(n.text); {
		case isTime:
			require.Greater(t, n.x, lastX)
			require.Greater(t, seconds, lastSeconds)
			lastX, lastSeconds = n.x, seconds
		case n.text[0] >= '0' && n.text[0] <= '9':
			require.Less(t, n.box.top, lastY)
			require.Greater(t, number(t, n.text), lastBytes)
			lastY, lastBytes = n.box.top, number(t, n.text)
		}
	}
	require.GreaterOrEqual(t, lastBytes, 0.0, "no byte label")
}

func tickSeconds(label string) (seconds float64, isTime bool) {
	if s, found := strings.CutSuffix(label, " s"); found {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	if !strings.Contains(label, ":") {
		return 0, false
	}
	for part := range strings.SplitSeq(label, ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, false
		}
		seconds = seconds*60 + v
	}
	return seconds, true
}
