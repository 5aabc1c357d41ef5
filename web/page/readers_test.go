package page_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/htmltest"
	"spillway/web/internal/example"
	"spillway/web/page"
)

func readers(n int) page.Readers {
	r := page.Readers{
		Assets: example.Stage("rest").Assets, Lane: "push", Tone: "1", Strategy: "push-buffered", Clock: "00:21", Rows: "/lanes/push/readers/rows?sort=stall", All: n,
	}
	for i, label := range strings.Split("reader,current write,window,send queue,in between,backlog,in the broker,gaps,lost", ",") {
		r.Columns = append(r.Columns, page.ReaderColumn{Label: label, Help: "What it is.", Href: "/lanes/push/readers?sort=" + strconv.Itoa(i), Number: i != 0 && i != 2, Sorted: i == 1, Rising: i < 2})
	}
	for i := range min(n, 64) {
		l := page.ReaderLine{Reader: "slow-" + strconv.Itoa(i), Channel: "slow-" + strconv.Itoa(i), Connected: true, Shut: true,
			Write: "12.3 s", Window: "reader’s window is shut, 12.3 s", Queue: "19.5 KiB", Between: "84.2 KiB", Backlog: "1.2 MiB", Broker: "0 B", Gaps: "0", Lost: "0 B"}
		switch i % 4 {
		case 1:
			l.Write, l.Window, l.Shut = "–", "open", false
		case 2:
			l.Write, l.Window, l.Shut, l.Queue, l.Channel = "0.2 s", "not visible on this OS", false, "–", "you"
		case 3:
			l.Connected, l.Shut, l.Write, l.Window, l.Queue = false, false, "–", "not connected", "–"
		}
		r.Lines = append(r.Lines, l)
	}
	return r
}

func TestReadersGolden(t *testing.T) {
	dead := readers(0)
	dead.Obstacle = "push does not run (killed, exit code 137)."
	for name, r := range map[string]page.Readers{"readers": readers(4), "readers-none": readers(0), "readers-dead": dead, "readers-many": readers(210)} {
		t.Run(name, func(t *testing.T) {
			markup := render(t, r.Page())
			if name != "readers-many" {
				htmltest.Golden(t, name+".html", markup)
			}
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
		})
	}
}

func TestHowMuchOfTheReadersIsShown(t *testing.T) {
	for n, want := range map[int]string{1: ">1 reader<", 4: ">4 readers<", 64: ">64 readers<", 65: ">64 of 65 shown<", 210: ">64 of 210 shown<"} {
		require.Contains(t, render(t, readers(n).Live()), want)
	}
}

// Each row has as many cells as the table has columns, or takes their place.
func TestRowsOfReadersFitTheirHeads(t *testing.T) {
	for _, n := range []int{0, 4} {
		r := readers(n)
		cells, rows := 0, 0
		for _, node := range htmltest.Nodes(t, render(t, r.Page())) {
			switch node.Data {
			case "tr":
				rows++
			case "td", "th":
				cells++
				if span, ok := htmltest.Attr(node, "colspan"); ok {
					wide, err := strconv.Atoi(span)
					require.NoError(t, err)
					cells += wide - 1
				}
			}
		}
		require.Equal(t, rows*len(r.Columns), cells)
	}
}

func TestNamesOfReadersAreEscaped(t *testing.T) {
	r := readers(1)
	r.Lines[0].Reader, r.Lines[0].Channel = `<img src=x>`, `"><script>`
	markup := render(t, r.Live())
	require.NotContains(t, markup, "<img")
	require.NotContains(t, markup, "<script")
}
