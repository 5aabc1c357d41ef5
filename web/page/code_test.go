package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/component"
	"spillway/web/htmltest"
	"spillway/web/internal/example"
	"spillway/web/page"
)

// codePage is small enough to be read in a golden file.
func codePage(lanes ...string) page.Code {
	side := func(lane, tone string, change component.Change) page.CodeSide {
		return page.CodeSide{
			Code: component.Code{Lane: lane, Now: component.CodeNow{Lane: lane, All: 7, Rows: []component.Waiting{{File: "p.go", Line: 2, Here: 4, Reason: "select", Why: "select"}}}, Cost: component.CodeCost{Micros: 400}},
			Tone: tone, Strategy: lane + "-strategy",
			Files: []component.CodeFile{{Lane: lane, Name: "p.go", Lines: []component.CodeLine{{Number: 1, HTML: `<span class="kw">package</span> p`}, {Number: 2, HTML: "x", Change: change}}}},
		}
	}
	out := page.Code{Assets: example.Stage("rest").Assets, Steer: true, Lanes: lanes, Left: side(lanes[0], "1", component.Only), Differ: 2, Equal: 1}
	if len(lanes) > 1 {
		right := side(lanes[1], "2", component.Only)
		out.Right = &right
	}
	return out
}

func TestCodePage(t *testing.T) {
	for name, p := range map[string]page.Code{"code": codePage("push", "pull"), "code-one": codePage("push")} {
		t.Run(name, func(t *testing.T) {
			markup := render(t, p.Page())
			htmltest.Golden(t, name+".html", markup)
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
			require.NotContains(t, markup, " style=", "the policy of the page forbids it")
		})
	}
}
