package page_test

import (
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/web/htmltest"
	"spillway/web/page"
)

// heapPages are the page of a lane's heap in every state there is.
func heapPages() map[string]templ.Component {
	assets := lessonAssets()
	assets.Heap = "/static/heap.css?v=1"
	empty := page.Heap{Assets: assets, Lane: "push", Strategy: "push-buffered", Rate: "64.0 KiB"}
	first := page.HeapSnapshot{
		ID: 1, Clock: "00:12", InUse: "20.1 MiB", HeapNow: "31.4 MiB", RSS: "44.0 MiB",
		Download: "/lanes/push/heap/1.pb.gz", File: "push-heap-R-00-12-1.pb.gz",
	}
	second := first
	second.ID, second.Clock, second.InUse, second.Download, second.File = 2, "00:30", "84.0 MiB", "/lanes/push/heap/2.pb.gz", "push-heap-R-00-30-2.pb.gz"
	queue := page.HeapSite{
		Function: "strategy.(*queue).push", Line: "strategy/queue.go:34", What: "By the strategy itself",
		Mark: "the strategy’s own code", Bytes: "1.5 MiB", Objects: "610", Share: .018,
	}
	reading := page.HeapSite{
		Function: "proto.(*Reader).readStringReply", Line: "proto/reader.go:365", From: "source.(*pubSub).Next, source/redis_pubsub.go:53",
		What: "Where messages are taken from the broker", Bytes: "70.6 MiB", Objects: "17,300", Share: .84,
	}
	one := empty
	one.Snapshots = []page.HeapSnapshot{first}
	one.Shown = &page.HeapTable{HeapSnapshot: first, Sentence: "84 % waits.", Objects: "18,000 objects", Sites: []page.HeapSite{reading, queue}, Rest: "3 further lines of code hold 1.0 MiB together."}
	two := one
	first.Run = "before the lane was restarted"
	two.Snapshots = []page.HeapSnapshot{second, first}
	two.Shown = &page.HeapTable{HeapSnapshot: second, Sentence: "84 % waits.", Objects: "18,000 objects", Sites: []page.HeapSite{reading}}
	two.Growth = &page.HeapGrowth{
		With: first, Sentence: "It went up.", Rest: "4 lines of code that changed less are not shown.",
		Sites: []page.HeapChange{{HeapSite: reading, Bytes: "+60.0 MiB", Objects: "+15,000", Grew: true}, {HeapSite: queue, Bytes: "−2.0 KiB", Objects: "−1"}},
	}
	same := two
	same.Growth = &page.HeapGrowth{With: first, Sentence: "Nothing changed."}
	dead := two
	dead.Obstacle = "No snapshot can be taken now: push does not run."
	return map[string]templ.Component{"heap-empty": empty.Page(), "heap-one": one.Page(), "heap": two.Page(), "heap-same": same.Page(), "heap-dead": dead.Page()}
}

func TestHeapPages(t *testing.T) {
	for name, p := range heapPages() {
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
	htmltest.Golden(t, "heap.html", render(t, heapPages()["heap"]))
}

func TestAHeapPageOffersWhatCanBeDone(t *testing.T) {
	pages := heapPages()
	require.Contains(t, render(t, pages["heap-empty"]), "Take a heap snapshot")
	require.NotContains(t, render(t, pages["heap-dead"]), "Take a heap snapshot")
	require.NotContains(t, render(t, pages["heap-one"]), "<select", "there is nothing to compare it with")
	require.Contains(t, render(t, pages["heap"]), `<option value="1" selected>#1 at 00:12, before the lane was restarted</option>`)
	require.Contains(t, render(t, pages["heap"]), `<rect width="84.0" height="8">`)
}
