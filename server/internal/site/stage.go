package site

import (
	"net"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/run"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/page"
)

// The size for which the server lays charts out. The client knows the real one
// and does it anew.
const (
	paintWidth  = 720
	paintHeight = 270
)

// stageOf maps the run to its page.
func (s *Site) stageOf(v run.View, steer bool, host string) page.Stage {
	out := page.Stage{
		Assets: s.assets.urls,
		Hub:    "/hub",
		API:    "/api/run",
		Lesson: page.Lesson{
			ID:       v.Scenario.Name,
			Name:     v.Scenario.Title,
			Sentence: v.Scenario.Statement,
			Question: v.Scenario.Question,
		},
		Steer:    steer,
		State:    v.State,
		Clock:    chart.Clock(v.Elapsed.Seconds()),
		Produced: chart.Count(v.Sample.Produced),
		Paused:   v.Settings.Paused,
		Controls: component.Controls{Throttle: commonThrottle(v), Settings: settingsOf(v)},
		Log:      entriesOf(v),
		Verdict:  verdictOf(v),
		Run:      v.RunID,
		Script:   s.scriptOf(v),
		Time:     clockOf(v),
		Ask:      askOf(v),
		Notes:    hasNotes(v),
		Checks:   checksOf(v),
		Replay:   s.replayOf(v),
		Notice:   noticeOf(v),
		Broker:   page.Broker{Kind: brokerKind(v.Broker), Used: chart.Bytes(float64(v.Sample.BrokerUsed))},
	}
	out.Controls.Own = out.Controls.Throttle
	out.Compare = s.compareURL()
	if steer {
		out.Note = v.Script.Note
		out.Recording, out.Report = s.recordingURL(v.RunID, ""), s.recordingURL(v.RunID, "/report")
	}
	s.addLessons(&out, v.Scenario.Name, steer)
	history := s.o.Control.History()
	top := topOf(v, history)
	for i, l := range v.Lanes {
		card := component.Lane{
			Name:     l.Name,
			Title:    l.Plan.Strategy,
			Way:      l.Way,
			Place:    i,
			Status:   statusOfLane(l),
			Say:      sayOf(l),
			Sample:   v.Sample.Lanes[i],
			Limit:    v.Sample.Lanes[i].Limit,
			Throttle: l.Throttle,
			Ghost:    ghostCaption(v, l.Name),
			Accept:   acceptPath(l),
			Account:  s.accountOf(v, i),
			Hop:      hopOf(v, i),
		}
		if s.o.Replay == nil {
			card.Heap = page.HeapLinksOf(l.Name).Page
		}
		if s.o.Looking != nil {
			code := codeOf(l, otherLane(v, i))
			card.Code = &code
		}
		if l.PID != 0 {
			card.Curl = curl(l) + " '" + l.StreamURL(host) + "?reader=" + l.Channel + "'"
		}
		var lane wire.LaneHistory
		if i < len(history.Lanes) {
			lane = history.Lanes[i]
		}
		card.Chart = chart.Lay(modelOf(v, lane, card.Limit, top))
		out.Controls.Lanes = append(out.Controls.Lanes, card)
	}
	return out
}

func statusOfLane(l run.LaneView) component.Status {
	return component.Status{Lane: l.Name, State: l.State, Text: l.Status}
}

func sayOf(l run.LaneView) component.Say {
	return component.Say{Lane: l.Name, State: l.State, Text: l.Say}
}

// commonThrottle is the throttle of all lanes, or of the first where they
// differ.
func commonThrottle(v run.View) throttle.Rate {
	if len(v.Lanes) == 0 {
		return throttle.Unlimited
	}
	return v.Lanes[0].Throttle
}

func settingsOf(v run.View) wire.Settings {
	name, count := slowGroup(v)
	out := wire.Settings{
		SlowGroup:   name,
		SlowReaders: uint64(count),
		MilliRate:   uint64(v.Settings.RatePerSecond * 1000),
		Paused:      v.Settings.Paused,
	}
	if v.Scenario.Workload.Kind == "fixed" {
		out.SizeBytes = uint64(v.Settings.SizeBytes)
	}
	return out
}

// entriesOf turns the log over: the newest is read first.
func entriesOf(v run.View) []component.Entry {
	out := make([]component.Entry, 0, len(v.Log))
	for i := len(v.Log) - 1; i >= 0; i-- {
		e := v.Log[i]
		out = append(out, component.Entry{Clock: chart.Clock(e.At.Seconds()), Text: e.Text, Grave: e.Grave, Kind: component.EntryKind(e.Kind)})
	}
	return out
}

// labels of the actions that a verdict may offer.
var labels = map[string]string{
	"doit":    "Do it for me",
	"release": "Release the readers",
	"restart": "Restart",
	"start":   "Start",
	"reset":   "Start over",
}

func verdictOf(v run.View) component.Verdict {
	out := component.Verdict{Title: v.Verdict.Title, Text: v.Verdict.Text, Watch: v.Verdict.Watch}
	for _, l := range v.Lanes {
		if text := v.Verdict.Answers[l.Name]; text != "" {
			out.Answers = append(out.Answers, component.Answer{Guess: l.Name, Text: text})
		}
	}
	if text := v.Verdict.Answers["both"]; text != "" {
		out.Answers = append(out.Answers, component.Answer{Guess: "both", Text: text})
	}
	for _, action := range v.Verdict.Actions {
		do, lane, _ := strings.Cut(action, ":")
		label := labels[do]
		if lane != "" {
			label += " " + lane
		}
		out.Actions = append(out.Actions, component.Action{Label: label, Do: do, Lane: lane})
	}
	return out
}

func noticeOf(v run.View) component.Notice {
	return component.Notice{Title: v.Notice.Title, Text: v.Notice.Text, State: wire.StateWaiting}
}

func brokerKind(k run.BrokerKind) string {
	switch k {
	case run.BrokerLocal:
		return "local redis-server"
	case run.BrokerRemote:
		return "your Redis"
	}
	return "embedded"
}

// topOf is the top of the y axis, the same in every lane.
func topOf(v run.View, h wire.History) float64 {
	limit, seen := 0.0, 0.0
	for _, l := range v.Sample.Lanes {
		limit = max(limit, float64(l.Limit))
	}
	for i, l := range h.Lanes {
		for _, p := range l.Points {
			seen = max(seen, float64(p.RSS), float64(p.HeapTotal))
		}
		for _, p := range h.Lanes[i].Ghost {
			seen = max(seen, float64(p.Bytes))
		}
	}
	return chart.Top(limit, seen)
}

func modelOf(v run.View, h wire.LaneHistory, limit uint64, top float64) chart.Model {
	now := v.Elapsed.Seconds()
	m := chart.Model{
		Width: paintWidth, Height: paintHeight,
		TopBytes: top, LimitBytes: float64(limit), Area: "rss",
		EmptyLabel: "waiting for the first sample",
	}
	total := chart.Series{Key: "total", Label: "heap total"}
	heap := chart.Series{Key: "heap", Label: "heap in use"}
	rss := chart.Series{Key: "rss", Label: "RSS"}
	for _, p := range h.Points {
		t := (time.Duration(p.ElapsedMicros) * time.Microsecond).Seconds()
		total.Points = append(total.Points, chart.Point{T: t, V: float64(p.HeapTotal)})
		heap.Points = append(heap.Points, chart.Point{T: t, V: float64(p.HeapInUse)})
		rss.Points = append(rss.Points, chart.Point{T: t, V: float64(p.RSS)})
	}
	ghost := chart.Series{Key: "ghost", Ghost: true}
	for _, p := range h.Ghost {
		ghost.Points = append(ghost.Points, chart.Point{T: float64(p.ElapsedMicros) / 1e6, V: float64(p.Bytes)})
	}
	m.Series = []chart.Series{ghost, total, heap, rss}
	for _, mark := range h.Marks {
		m.Marks = append(m.Marks, chart.Mark{
			T:     (time.Duration(mark.ElapsedMicros) * time.Microsecond).Seconds(),
			Kind:  chart.MarkKind(mark.Kind),
			Label: mark.Label,
		})
	}
	m.From, m.To = chart.Window(now, deathsOf(v))
	return m
}

// deathsOf is when lanes ended, for the part of time that charts show.
func deathsOf(v run.View) []float64 {
	var deaths []float64
	for _, l := range v.Lanes {
		if l.Exit != nil {
			deaths = append(deaths, l.Exit.At.Sub(v.StartedAt).Seconds())
		}
	}
	return deaths
}

// helloOf describes the run to a page.
func helloOf(v run.View, steer bool) wire.Hello {
	h := wire.Hello{RunID: v.RunID, Lesson: v.Scenario.Name, State: v.State, Steer: steer, Settings: settingsOf(v)}
	for i, l := range v.Lanes {
		info := wire.LaneInfo{
			Name:           l.Name,
			Path:           "/stream?reader=" + l.Channel,
			Secure:         l.Secure,
			Read:           l.Read,
			State:          l.State,
			BytesPerSecond: int64(l.Yours),
			LimitBytes:     v.Sample.Lanes[i].Limit,
		}
		if l.PID != 0 {
			info.Port = uint64(l.ReadPort)
		}
		h.Lanes = append(h.Lanes, info)
	}
	return h
}

// JoinURL is the address of the page for a person.
func JoinURL(host string, port int, token string) string {
	u := "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/"
	if token != "" {
		u += "?token=" + token
	}
	return u
}
