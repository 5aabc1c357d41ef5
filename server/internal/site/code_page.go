package site

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"

	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/web/component"
	"spillway/web/page"
)

// codePage shows the source of a lane, or of two side by side. Without a name it
// is the first one and the next.
func (s *Site) codePage(w http.ResponseWriter, r *http.Request) {
	v := s.o.Control.View()
	query := r.URL.Query()
	left, right := query.Get("left"), query.Get("right")
	if left == "" && right == "" && len(v.Lanes) > 1 {
		left, right = v.Lanes[0].Name, v.Lanes[1].Name
	}
	out := page.Code{Assets: s.assets.urls, Steer: s.maySteer(r)}
	for _, l := range v.Lanes {
		out.Lanes = append(out.Lanes, l.Name)
	}
	if left == "" && len(out.Lanes) > 0 {
		left = out.Lanes[0]
	}
	one, other := slices.Index(out.Lanes, left), slices.Index(out.Lanes, right)
	if one < 0 || other < 0 && right != "" {
		s.fault(w, r, http.StatusNotFound, "There is nothing here", "This run has no such lane; it has "+strings.Join(out.Lanes, ", ")+".")
		return
	}
	for _, name := range []string{left, right} {
		_ = s.o.Looking.Look(name) // a run that has ended has its source too
	}
	if other == one || other < 0 {
		out.Left = sideOf(v, one)
		out.Left.Files = filesOf(v.Lanes[one])
	} else {
		out.Left, out.Right, out.Differ, out.Equal, out.Shared = sidesOf(v, one, other)
	}
	s.render(w, r, http.StatusOK, out.Page())
}

func sideOf(v run.View, i int) page.CodeSide {
	l := v.Lanes[i]
	return page.CodeSide{Code: codeOf(l, ""), Strategy: l.Plan.Strategy, Tone: component.Lane{Place: i}.Tone()}
}

// sidesOf puts two sources side by side: first the files that bear the names of
// the strategies, line against line, then what both run, then what one of them
// runs alone.
func sidesOf(v run.View, one, other int) (left page.CodeSide, right *page.CodeSide, differ, equal int, shared []string) {
	left = sideOf(v, one)
	second := sideOf(v, other)
	right = &second
	a, b := fileNames(v.Lanes[one]), fileNames(v.Lanes[other])
	if len(a) == 0 || len(b) == 0 { // a strategy that this program does not have
		return left, right, 0, 0, nil
	}
	if a[0] != b[0] {
		aText, _ := strategy.Text(a[0])
		bText, _ := strategy.Text(b[0])
		l, r := sideBySide(aText, bText)
		left.Files = append(left.Files, component.CodeFile{Lane: left.Lane, Name: a[0], Lines: l})
		right.Files = append(right.Files, component.CodeFile{Lane: right.Lane, Name: b[0], Lines: r})
		for i := range l {
			if l[i].Change == component.Same {
				equal++
				continue
			}
			for _, c := range []component.Change{l[i].Change, r[i].Change} {
				if c == component.Only {
					differ++
				}
			}
		}
		a, b = a[1:], b[1:]
	}
	add := func(side *page.CodeSide, name string, change component.Change) {
		side.Files = append(side.Files, fileOf(side.Lane, name, change))
	}
	for _, name := range a {
		if slices.Contains(b, name) {
			shared = append(shared, name)
			add(&left, name, component.Same)
			add(right, name, component.Same)
		}
	}
	for _, name := range a {
		if !slices.Contains(b, name) {
			add(&left, name, component.Only)
		}
	}
	for _, name := range b {
		if !slices.Contains(a, name) {
			add(right, name, component.Only)
		}
	}
	return left, right, differ, equal, shared
}

// sideBySide is two texts as columns of the same height: a line that both have
// stands beside itself, one that only one has beside nothing.
func sideBySide(left, right string) (l, r []component.CodeLine) {
	leftText, rightText := component.Highlight(left), component.Highlight(right)
	a, b := split(left, len(leftText)), split(right, len(rightText))
	i, j := 0, 0
	same := func(until int) {
		for ; i < until; i, j = i+1, j+1 {
			l = append(l, component.CodeLine{Number: i + 1, HTML: leftText[i]})
			r = append(r, component.CodeLine{Number: j + 1, HTML: rightText[j]})
		}
	}
	for _, d := range lcs.DiffLines(a, b) {
		same(d.Start)
		for ; i < d.End; i++ {
			l = append(l, component.CodeLine{Number: i + 1, HTML: leftText[i], Change: component.Only})
		}
		for ; j < d.ReplEnd; j++ {
			r = append(r, component.CodeLine{Number: j + 1, HTML: rightText[j], Change: component.Only})
		}
		for len(l) < len(r) {
			l = append(l, component.CodeLine{Change: component.Empty})
		}
		for len(r) < len(l) {
			r = append(r, component.CodeLine{Change: component.Empty})
		}
	}
	same(len(a))
	return l, r
}

// split cuts a text into as many lines as Highlight has made of it.
func split(text string, lines int) []string { return strings.SplitN(text+"\n", "\n", lines+1)[:lines] }
