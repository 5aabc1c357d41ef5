package page_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
	"spillway/web"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/htmltest"
	"spillway/web/page"
)

// accounted is a small report in which every text means something in HTML.
func accounted() page.Report {
	drawing := chart.Lay(chart.Model{
		Width: 330, Height: 220, To: 10, LimitBytes: 256 << 20, Area: "rss",
		Series: []chart.Series{{Key: "rss", Label: "RSS", Points: []chart.Point{{T: 0, V: 1 << 20}, {T: 9, V: 200 << 20}}}},
		Marks:  []chart.Mark{{T: 9, Kind: chart.MarkKill}, {T: 4, Label: "<slowed> & \"more\""}},
	})
	drawings := []page.ReportDrawing{{For: "on-wide", Drawing: drawing}, {For: "on-phone on-paper", Drawing: drawing}}
	return page.Report{
		Name: "one-slow-reader", Title: "One <b>slow</b> reader", About: "Two & two.", Statement: "Same.", Question: "Which?", Date: "22 November 2026",
		Result:  page.ReportResult{Kind: "broken", Word: "Not everything held", Sentence: "push ran out of memory after 9 s.", Closing: "1 of 2 thresholds failed. Exit code 99."},
		Facts:   []page.Term{{Name: "took", Text: "10.0 s"}},
		Remarks: []string{"2 samples were missed"},
		Checks: []page.ReportCheck{
			{Kind: "held", Word: "held", Name: "rss{lane:push}", Rule: "max < 1GiB", Wanted: "< 1GiB", Seen: "200MiB", At: "9.0 s"},
			{Kind: "broken", Word: "failed", Name: "gaps", Rule: "== 0", Wanted: "== 0", Seen: "2", At: "10.0 s"},
			{Kind: "unknown", Word: "not reached", Name: "rss{lane:pull} > 1GiB", Rule: "wait", Wanted: "within 20s", Seen: "–", At: "–"},
		},
		Lanes: []page.ReportLane{
			{Name: "push", Title: "push-buffered", Way: []string{"Redis Pub/Sub", "SSE"}, RSS: "200", Limit: "256 MiB", Say: "Killed.", Drawings: drawings, Ghost: "measured <elsewhere>",
				Status: component.Status{Lane: "push", State: wire.StateKilled, Text: "killed, exit code 137"}},
			{Name: "pull", Title: "pull-drain", Place: 1, RSS: "–", Drawings: drawings, Status: component.Status{Lane: "pull", State: wire.StateRunning, Text: "alive at the end"}},
		},
		Tables: []page.ReportTable{{Name: "Memory", Rows: []page.ReportRow{{Label: "RSS", Cells: []string{"200 MiB", "–"}}, {Label: "last", Sub: true, Cells: []string{"1", "2"}}}}},
		Broker: drawings,
		Events: []page.ReportEvent{
			{Clock: "00:01.0", Kind: "said", Word: "said", Text: "<script>alert(1)</script>"}, {Clock: "00:02.0", Kind: "step", Word: "step", Text: "a"},
			{Clock: "00:03.0", Kind: "hand", Word: "by hand", Text: "b"}, {Clock: "00:09.0", Kind: "grave", Word: "seen", Text: "c"}, {Clock: "00:10.0", Kind: "seen", Word: "seen", Text: "d"},
		},
		Steps:       []page.ReportStep{{When: "at 2s", What: "says “a”", Word: "happened", Kind: "held", Script: "2.0 s", Run: "2.1 s", Late: "1 ms"}},
		Late:        "Steps were late by 1 ms.",
		Environment: []page.Term{{Name: "Cores", Text: "8"}},
		Command:     "spillway run a <b>",
		Scenario:    "version: 1\n# </code></pre> http://example.com",
		Files:       []page.Term{{Name: "measured.csv", Text: "12.0 KiB"}},
		Meanings:    []page.Term{{Name: "RSS", Text: "Read from the OS."}},
	}
}

func TestReport(t *testing.T) {
	r := accounted()
	htmltest.Golden(t, "report.html", render(t, r.Page()))
	r.Style = web.ReportStyle()
	for name, r := range map[string]page.Report{"full": r, "empty": {Style: web.ReportStyle(), Title: "Nothing"}} {
		t.Run(name, func(t *testing.T) {
			markup := render(t, r.Page())
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
			loadsNothing(t, markup)
			headingsInOrder(t, markup)
		})
	}
}

// loadsNothing holds what makes a report a file of its own: nothing in it is
// fetched, and nothing in it runs.
func loadsNothing(t *testing.T, markup string) {
	for _, n := range htmltest.Nodes(t, markup) {
		require.NotContains(t, []string{"script", "iframe", "object", "embed", "img", "form", "a"}, n.Data)
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on"), "a handler on <%s>", n.Data)
			if a.Key == "href" || a.Key == "src" || a.Key == "srcset" {
				require.Equal(t, "data:,", a.Val)
			}
		}
	}
	require.NotRegexp(t, regexp.MustCompile(`(?i)url\(|@import`), markup)
}

// headingsInOrder: one of the first level, and none that leaves a level out.
func headingsInOrder(t *testing.T, markup string) {
	level, firsts := 0, 0
	for _, n := range htmltest.Nodes(t, markup) {
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			now := int(n.Data[1] - '0')
			require.LessOrEqual(t, now, level+1, "%s after level %d", n.Data, level)
			level = now
			if now == 1 {
				firsts++
			}
		}
		if n.Data == "th" {
			_, scoped := htmltest.Attr(n, "scope")
			require.True(t, scoped, "a header of a table without its scope")
		}
	}
	require.Equal(t, 1, firsts)
}

// Each of the kinds has a sign of its own, so that nobody needs its colour.
func TestReportSigns(t *testing.T) {
	markup := render(t, accounted().Page())
	for kind, sign := range map[string]string{"held": "✓", "broken": "✗", "unknown": "?", "said": "❝", "step": "▶", "hand": "◆", "grave": "✕", "seen": "●"} {
		require.Regexp(t, `(?s)data-kind="`+kind+`"[^§]{0,200}class="sign" aria-hidden="true">`+regexp.QuoteMeta(sign), markup, kind)
	}
}
