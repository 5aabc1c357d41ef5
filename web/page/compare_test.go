package page_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/web/htmltest"
	"spillway/web/page"
)

// comparePages are the page of the comparison in every state there is.
func comparePages() map[string]templ.Component {
	assets := lessonAssets()
	assets.Compare, assets.Comparing = "/static/compare.css?v=1", "/static/compare.js?v=1"
	columns := []page.CompareColumn{{Key: "rss", Title: "RSS at most", Help: "The highest."}, {Key: "lost", Title: "Lost", Help: "What is missing."}}
	empty := page.Compare{
		Assets: assets, Steer: true, Seconds: "20", MaxSeconds: "60", Length: "about 30 seconds", Load: "2 strategies.", Current: "One <slow> reader",
		Strategies: []page.CompareChoice{
			{Name: "block", Title: "waits", Explain: "Waits & waits.", Lesson: "/lessons/block", Chosen: true},
			{Name: "drop", Title: "loses", Explain: "Loses."},
		},
		Table: page.CompareTable{Columns: columns, Steer: true}, Command: "spillway compare", Scenario: "version: 1\n",
	}
	playing := empty
	playing.Table.Playing, playing.Table.Status = true, "Comparing 2 strategies."
	playing.Table.Rows = []page.CompareRow{
		{Strategy: "block", Lesson: "/lessons/block", Cells: []page.CompareCell{{Text: "80 MiB", Mark: "worst"}, {Text: "0"}}, Fate: "killed after 12 s"},
		{Strategy: "drop", Cells: []page.CompareCell{{Text: "20 MiB", Mark: "best"}, {Text: "–"}}},
	}
	done := playing
	done.Table.Playing, done.Table.Status, done.Table.Sort, done.Table.Turned = false, "Finished.", "rss", true
	watching := playing
	watching.Steer, watching.Table.Steer = false, false
	return map[string]templ.Component{
		"compare-empty": empty.Page(), "compare-playing": playing.Page(), "compare": done.Page(), "compare-watch": watching.Page(),
		"compare-away": page.Away{Assets: assets, Status: "Comparing 2 strategies."}.Page(),
	}
}

func TestComparePages(t *testing.T) {
	for name, p := range comparePages() {
		t.Run(name, func(t *testing.T) {
			markup := render(t, p)
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
			for _, n := range htmltest.Nodes(t, markup) {
				_, styled := htmltest.Attr(n, "style")
				require.False(t, styled, "the policy allows no style in the page")
			}
		})
	}
	for _, name := range []string{"compare", "compare-away"} {
		htmltest.Golden(t, name+".html", render(t, comparePages()[name]))
	}
}

func TestACompareTableIsSorted(t *testing.T) {
	sorted := render(t, comparePages()["compare"])
	require.Contains(t, sorted, `aria-sort="descending"`)
	require.Contains(t, sorted, `href="/compare?sort=rss"`, "again turns it back")
	require.Equal(t, 2, strings.Count(sorted, `aria-sort="none"`))
	plain := render(t, comparePages()["compare-playing"])
	require.Contains(t, plain, `aria-sort="ascending"`, "the order of the strategies")
	require.NotContains(t, plain, `turned=true`)
}

func TestWhoMayCompare(t *testing.T) {
	pages := comparePages()
	require.Contains(t, render(t, pages["compare-empty"]), "Compare all strategies now")
	require.Contains(t, render(t, pages["compare-empty"]), "One &lt;slow&gt; reader")
	require.Contains(t, render(t, pages["compare-playing"]), "Stop the comparison")
	require.NotContains(t, render(t, pages["compare-watch"]), "<form")
	require.Contains(t, render(t, pages["compare-watch"]), "killed after 12 s")
	require.NotContains(t, render(t, pages["compare-playing"]), "Download as CSV", "it is not over")
	require.Contains(t, render(t, pages["compare"]), "Download as CSV")
}
