package site

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"spillway/server/internal/account"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/page"
)

// Readers tells of the readers of a lane one by one; *run.Control does.
type Readers interface {
	// Readers are all that are known. What the lane knows of their connections is
	// of this moment for those that are watched, else of the last whole second.
	Readers(lane string) ([]account.Line, error)
	// Watch has the lane tell of these connections with every report, for a few
	// seconds.
	Watch(lane string, connections []uint64)
}

const (
	maxReaderRows = 64          // on one page
	orderFor      = time.Second // rows keep their places so long, so that they can be read
	maxOrders     = 64          // that are remembered
)

func (s *Site) readerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /lanes/{lane}/readers", s.readersPage)
	mux.HandleFunc("GET /lanes/{lane}/readers/rows", s.readersRows)
}

func (s *Site) noLane(w http.ResponseWriter, r *http.Request, name string) {
	s.fault(w, r, http.StatusNotFound, "There is no such lane", fmt.Sprintf("Nothing is called %.80q in this run.", name))
}

func (s *Site) readersPage(w http.ResponseWriter, r *http.Request) {
	if out, ok := s.readersOf(w, r); ok {
		s.render(w, r, http.StatusOK, out.Page())
	}
}

// readersRows is what changes, for the page that stands open.
func (s *Site) readersRows(w http.ResponseWriter, r *http.Request) {
	if out, ok := s.readersOf(w, r); ok {
		s.render(w, r, http.StatusOK, out.Live())
	}
}

// readersOf is the table that a request asks for; else it has been answered.
func (s *Site) readersOf(w http.ResponseWriter, r *http.Request) (page.Readers, bool) {
	if s.o.Readers == nil {
		s.fault(w, r, http.StatusConflict, "Nothing runs here", "This is a recording: its lanes have ended, and nobody reads from them any more.")
		return page.Readers{}, false
	}
	name, v := r.PathValue("lane"), s.o.Control.View()
	i := laneIndex(v, name)
	if i < 0 {
		s.noLane(w, r, name)
		return page.Readers{}, false
	}
	lines, err := s.o.Readers.Readers(name)
	if err != nil {
		s.fault(w, r, statusOf(err), "There is nothing here", err.Error())
		return page.Readers{}, false
	}
	l := v.Lanes[i]
	out := page.Readers{
		Assets: s.assets.urls, Lane: name, Tone: component.Lane{Place: i}.Tone(), Strategy: l.Plan.Strategy,
		All: len(lines), Clock: chart.Clock(v.Elapsed.Seconds()),
	}
	if l.PID == 0 {
		out.Obstacle = name + " does not run (" + l.Status + "). What is known of its readers is of the last second in which it did."
	}
	order := orderOf(r.URL.Query().Get("sort"))
	for _, o := range readerOrders {
		out.Columns = append(out.Columns, page.ReaderColumn{
			Label: o.label, Help: o.help, Number: o.number,
			Href: "/lanes/" + url.PathEscape(name) + "/readers?sort=" + o.key, Sorted: o.key == order.key, Rising: o.rising,
		})
	}
	out.Rows = "/lanes/" + url.PathEscape(name) + "/readers/rows?sort=" + order.key
	var watched []uint64
	for _, line := range s.order.sort(v.RunID+" "+name+" "+order.key, lines, order, time.Now()) {
		if len(out.Lines) == maxReaderRows {
			break
		}
		out.Lines = append(out.Lines, readerLine(line))
		if line.ID != 0 {
			watched = append(watched, line.ID)
		}
	}
	if l.PID != 0 {
		s.o.Readers.Watch(name, watched)
	}
	return out, true
}

// readerSort is a column, and how a table is sorted by it.
type readerSort struct {
	key, label, help string
	number, rising   bool
	compare          func(a, b account.Line) int // the first comes first
}

func most(of func(account.Line) uint64) func(a, b account.Line) int {
	return func(a, b account.Line) int { return cmp.Compare(of(b), of(a)) }
}

func between(l account.Line) uint64 { return l.SendQueue + l.InFlight + l.Held }

// readerOrders are the columns, from left to right.
var readerOrders = []readerSort{
	{"reader", "reader", "Who reads, and which channel.", false, true, func(a, b account.Line) int {
		return cmp.Or(cmp.Compare(len(a.Reader), len(b.Reader)), strings.Compare(a.Reader, b.Reader))
	}},
	{"stall", "current write", "How long the write to this reader has lasted that the lane is in now.", true, true, newestStall},
	{"window", "window", "What the kernel says of the room that the reader’s system offers.", false, false, most(func(l account.Line) uint64 { return l.ShutMicros })},
	{"queue", "send queue", "Written, and not acknowledged by the reader’s system.", true, false, most(func(l account.Line) uint64 { return l.SendQueue })},
	{"between", "in between", "Written and not yet read: send queue, in flight, and held by the reader.", true, false, most(between)},
	{"backlog", "backlog", "Accepted by the lane and not yet written.", true, false, most(func(l account.Line) uint64 { return l.Backlog })},
	{"broker", "in the broker", "Not yet taken by the lane.", true, false, most(func(l account.Line) uint64 { return l.Broker })},
	{"gaps", "gaps", "Messages that the reader saw missing.", true, false, most(func(l account.Line) uint64 { return l.Gaps })},
	{"lost", "lost", "Bytes that it will never get.", true, false, most(func(l account.Line) uint64 { return l.Lost })},
}

// newestStall puts those who wait before those who do not, and of these the one
// that began to wait last.
func newestStall(a, b account.Line) int {
	return cmp.Or(cmp.Compare(b2i(a.WriteMicros == 0), b2i(b.WriteMicros == 0)), cmp.Compare(a.WriteMicros, b.WriteMicros))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// orderOf is the column of that key, else that of the newest stall.
func orderOf(key string) readerSort {
	for _, o := range readerOrders {
		if o.key == key {
			return o
		}
	}
	return readerOrders[1]
}

func readerLine(l account.Line) page.ReaderLine {
	out := page.ReaderLine{
		Reader: l.Reader, Channel: l.Channel, Connected: l.Connected, Silent: l.Silent,
		Window: windowText(l), Shut: l.Connected && !l.Unseen && l.ShutMicros > 0,
		Write: "–", Queue: "–", Between: bytesText(between(l)), Backlog: bytesText(l.Backlog), Broker: bytesText(l.Broker),
		Gaps: chart.Count(l.Gaps), Lost: bytesText(l.Lost),
	}
	if l.Connected && l.WriteMicros > 0 {
		out.Write = chart.Age(int64(l.WriteMicros))
	}
	if l.Connected && !l.Unseen {
		out.Queue = bytesText(l.SendQueue)
	}
	return out
}

// windowText is what the kernel knows, in words.
func windowText(l account.Line) string {
	switch {
	case !l.Connected:
		return "not connected"
	case l.Unseen:
		return "not visible on this OS"
	case l.ShutMicros > 0:
		return "reader’s window is shut, " + chart.Age(int64(l.ShutMicros))
	}
	return "open"
}

func bytesText(bytes uint64) string { return chart.Bytes(float64(bytes)) }

// readerOrder remembers for a moment in which order a table was shown, so that
// its figures may change ten times a second and its rows stay where they are.
type readerOrder struct {
	mu    sync.Mutex
	shown map[string]orderAt
}

type orderAt struct {
	at     time.Time
	places map[string]int // by reader
}

// sort returns lines in the order of the last moment, or in a new one. Who is new
// comes last until then.
func (o *readerOrder) sort(table string, lines []account.Line, by readerSort, now time.Time) []account.Line {
	lines = slices.Clone(lines)
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.shown[table]; ok && now.Sub(last.at) < orderFor {
		place := func(l account.Line) int {
			if p, ok := last.places[l.Reader]; ok {
				return p
			}
			return len(last.places)
		}
		slices.SortStableFunc(lines, func(a, b account.Line) int { return cmp.Compare(place(a), place(b)) })
		return lines
	}
	slices.SortStableFunc(lines, func(a, b account.Line) int { return cmp.Or(by.compare(a, b), readerOrders[0].compare(a, b)) })
	places := make(map[string]int, len(lines))
	for i, l := range lines {
		places[l.Reader] = i
	}
	if o.shown == nil || len(o.shown) >= maxOrders {
		o.shown = make(map[string]orderAt)
	}
	o.shown[table] = orderAt{now, places}
	return lines
}
