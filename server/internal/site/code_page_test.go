package site

import (
	escape "html"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/web/component"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// textOfLines is what a column says, and which of its lines only it has.
func textOfLines(lines []component.CodeLine) (text, only []string) {
	for _, l := range lines {
		if l.Change == component.Empty {
			continue
		}
		plain := escape.UnescapeString(tags.ReplaceAllString(l.HTML, ""))
		text = append(text, plain)
		if l.Change == component.Only {
			only = append(only, plain)
		}
	}
	return text, only
}

// Whatever the texts: both columns say all of theirs, they are of one height, and
// lines that stand beside each other without a mark are equal.
func checkSides(t *testing.T, left, right string) {
	t.Helper()
	l, r := sideBySide(left, right)
	require.Len(t, r, len(l))
	for side, want := range map[*[]component.CodeLine]string{&l: left, &r: right} {
		text, _ := textOfLines(*side)
		require.Equal(t, strings.TrimSuffix(want, "\n"), strings.Join(text, "\n"))
		number := 0
		for _, line := range *side {
			if line.Change != component.Empty {
				number++
				require.Equal(t, number, line.Number)
			}
		}
	}
	for i := range l {
		require.Equal(t, l[i].Change == component.Same, r[i].Change == component.Same)
		require.False(t, l[i].Change == component.Empty && r[i].Change == component.Empty)
		if l[i].Change == component.Same {
			a, _ := textOfLines(l[i : i+1])
			b, _ := textOfLines(r[i : i+1])
			require.Equal(t, a, b)
		}
	}
}

func TestSidesSayAll(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var lines []string
		for range random.IntN(12) {
			lines = append(lines, []string{"a", "b()", "", "return x", "// <c>"}[random.IntN(5)])
		}
		return strings.Join(lines, "\n") + strings.Repeat("\n", random.IntN(2))
	}
	for range 2000 {
		checkSides(t, text(), text())
	}
	for _, a := range strategy.All {
		for _, b := range strategy.All {
			one, _ := strategy.Text(a.Files()[0])
			two, _ := strategy.Text(b.Files()[0])
			checkSides(t, one, two)
		}
	}
}

func TestOnlyWhatDiffersIsMarked(t *testing.T) {
	l, r := sideBySide("a\nb\nc\nd\n", "a\nc\nx\nd\n")
	_, left := textOfLines(l)
	_, right := textOfLines(r)
	require.Equal(t, []string{"b"}, left)
	require.Equal(t, []string{"x"}, right)
	_, same := textOfLines(slices.Concat(sameText(t, "a\nb\n")))
	require.Empty(t, same)
}

func sameText(t *testing.T, text string) []component.CodeLine {
	l, r := sideBySide(text, text)
	require.Equal(t, l, r)
	return l
}

func TestThePageOfTheCode(t *testing.T) {
	s := looking(t, nil)
	names := func(markup string) (out []string) {
		for _, m := range regexp.MustCompile(`<section class="code-file" aria-label="([^"]+)"`).FindAllStringSubmatch(markup, -1) {
			out = append(out, m[1])
		}
		return out
	}
	both := s.ask("GET", "/code", "", "Accept: text/html")
	require.Equal(t, http.StatusOK, both.status)
	require.Contains(t, both.body, "push and pull: the lines that differ")
	require.Contains(t, both.body, "Both lanes run the same code")
	require.Equal(t, []string{"look push", "look pull"}, s.run.called())

	s.run.change(func(v *run.View) { v.Lanes[0].Plan.Strategy = "pull-drain" })
	both = s.ask("GET", "/code?left=push&right=pull", "")
	require.Equal(t, []string{"pull_drain.go", "credit.go", "together.go", "push_buffered.go", "credit.go", "together.go", "both.go", "queue.go", "bounded_run.go"}, names(both.body))
	require.Regexp(t, `\d+ lines of the strategies differ, \d+ are the same: − stands before those that only push has, \+ before those that only pull has. Both run credit.go, together.go.`, both.body)
	require.Contains(t, both.body, `id="code-pull-queue.go-1"`)

	one := s.ask("GET", "/code?left=push", "")
	require.Equal(t, []string{"pull_drain.go", "credit.go", "together.go"}, names(one.body))
	require.NotContains(t, one.body, `data-change="only"`)
	require.Equal(t, one.body, s.ask("GET", "/code?left=push&right=push", "").body, "a lane does not differ from itself")

	for _, path := range []string{"/code?left=none", "/code?left=push&right=none", "/code?right=pull%3Cb%3E"} {
		require.Equal(t, http.StatusNotFound, s.ask("GET", path, "").status, path)
	}
	require.Equal(t, http.StatusConflict, serve(t, death(), "").ask("GET", "/code", "").status)
}
