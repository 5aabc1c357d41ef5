// Package example builds view models with made-up numbers, for tests and for
// looking at pages. Nothing of the product imports it.
package example

import (
	"math"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/page"
)

const (
	mib     = 1 << 20
	limit   = 256 * mib
	slowed  = 8.0  // seconds, when the readers were slowed
	killed  = 27.2 // seconds, when push passed its limit
	readers = 210
)

// Names lists the stages that Stage knows, in the order of the story.
var Names = []string{"rest", "starting", "calm", "rising", "dead", "released", "away", "watch", "stopped", "three", "four", "one",
	"playing", "asked", "waiting", "revealed", "paused", "done", "halted", "replay"}

// Stage returns the page at a moment of the story; it panics for a name that is
// not in Names.
func Stage(name string) page.Stage {
	s := page.Stage{
		Assets: page.Assets{
			Style: "/static/app.css?v=1", Theme: "/static/theme.js?v=1", Boot: "/static/boot.js?v=1", Press: "/static/press.js?v=1", Script: "/static/script.js?v=1", Replay: "/static/replay.js?v=1", Worker: "/static/worker.js?v=1",
			Exec: "/static/wasm_exec.js?v=1", Client: "/static/client.wasm?v=1", Mark: "/static/mark.svg?v=1", Code: "/static/code.css?v=1", CodeScript: "/static/code.js?v=1", Account: "/static/account.css?v=1", AccountScript: "/static/account.js?v=1", ReadersScript: "/static/readers.js?v=1",
		},
		Hub: "/hub", API: "/api/run", Run: "r1", Notes: true, Recording: "/recordings/r1",
		Lesson: page.Lesson{Name: "One slow reader", Number: 1, Sentence: "Same messages, same readers.", Question: "Which server runs out of memory?", All: "/lessons", Edit: "/lessons/one-slow-reader/edit"},
		Lessons: []page.Choice{
			{Name: "One slow reader", Action: "/lessons/one-slow-reader", Current: true},
			{Name: "Answers of a language model", Action: "/lessons/llm-answers"},
		},
		Steer: true,
		State: wire.StateRunning,
		Broker: page.Broker{
			Kind: "embedded", Used: "154 MiB",
		},
		Controls: component.Controls{
			Throttle: 4_000, Own: throttle.Unlimited,
			Settings: wire.Settings{SlowGroup: "slow", SlowReaders: 200, MilliRate: 50_000, SizeBytes: 1024},
		},
		Verdict: component.Verdict{
			Title: "What to do now", Text: "Drag “Slow the readers” to the left and watch both servers.",
			Actions: []component.Action{{Label: "Do it for me", Do: "doit"}},
		},
	}
	begun := component.Entry{Clock: "00:00", Text: "Two lanes, 210 readers each, the same messages."}
	slow := component.Entry{Clock: "00:08", Text: "The slow readers read 4 KB/s now."}
	half := component.Entry{Clock: "00:16", Text: "push passes 128 MiB."}
	now := 33.0
	s.Script = component.Script{Steps: steps(0), Length: length}
	s.Checks = checks(name)
	switch name {
	case "playing", "asked", "waiting", "revealed", "paused", "done", "halted", "replay":
		now = play(name, &s)
	case "rest", "starting", "stopped":
		now = 0
		s.State = map[string]wire.State{"rest": wire.StateRest, "starting": wire.StateStarting, "stopped": wire.StateStopped}[name]
		s.Controls.Throttle = throttle.Unlimited
		s.Broker.Used = "–"
	case "calm":
		now = 6
		s.Controls.Throttle = throttle.Unlimited
		s.Broker.Used = "2.1 MiB"
		s.Log = []component.Entry{begun}
	case "rising", "watch", "three", "four", "one":
		now = 21
		s.Steer = name != "watch"
		s.Log = []component.Entry{{Clock: "00:21", Text: "push holds 146 MiB that nobody has read; its oldest message is 12.9 s old."}, half, slow, begun}
	case "dead", "away":
		s.Log = []component.Entry{{Clock: "00:27", Text: "push was killed: 256 MiB, exit code 137. 210 readers were cut off, 218,304 messages are lost.", Grave: true}, {Clock: "00:22", Text: "push passes 192 MiB."}, half, slow, begun}
		s.Verdict = component.Verdict{
			Title: "push ran out of memory after 19 s.",
			Answers: []component.Answer{
				{Guess: "push", Text: "You said push: right."},
				{Guess: "pull", Text: "You said pull: it still runs."},
				{Guess: "both", Text: "You said both: pull still runs."},
			},
			Text:    "Both got the same 10,500 messages a second. push kept what nobody read, pull left it in Redis until there was room.",
			Actions: []component.Action{{Label: "Release the readers", Do: "release"}, {Label: "Restart push", Do: "restart", Lane: "push"}, {Label: "Next lesson", Href: "/lessons/llm-answers"}},
		}
	case "released":
		now = 48
		s.Controls.Throttle = throttle.Unlimited
		s.Broker.Used = "3.4 MiB"
		s.Log = []component.Entry{{Clock: "00:44", Text: "pull has caught up: 412,880 messages, none lost, none twice."}, {Clock: "00:36", Text: "The slow readers read as fast as they can."}, {Clock: "00:27", Text: "push was killed: 256 MiB, exit code 137. 210 readers were cut off, 218,304 messages are lost.", Grave: true}, slow, begun}
		s.Verdict = component.Verdict{Title: "pull caught up and lost nothing.", Text: "The backlog was in Redis all the time; 412,880 messages went out in 8 s.", Actions: []component.Action{{Label: "Restart push", Do: "restart", Lane: "push"}, {Label: "Once more", Do: "reset"}}}
	default:
		panic("example: no stage " + name)
	}
	if moments[name].now > killed {
		s.Verdict = Stage("dead").Verdict
		s.Log = played(s.Log)
	}
	if name == "away" {
		s.State = wire.StateWaiting
		s.Notice = component.Notice{State: wire.StateWaiting, Title: "Redis does not answer.", Text: "The run waits and goes on when it is back. Nothing is lost in pull; what push misses is counted."}
	}
	if name == "rest" || name == "starting" {
		s.Verdict = component.Verdict{Title: "Nobody was watching, so nothing ran.", Text: "Opening this page starts it; the first curve comes in a second."}
	}
	if name == "stopped" {
		s.Verdict = component.Verdict{Title: "Everything is stopped.", Text: "No process runs and nothing costs.", Actions: []component.Action{{Label: "Start", Do: "start"}}}
	}
	s.Clock, s.Produced = chart.Clock(now), chart.Count(uint64(now*10_500))
	push := lane(name, "push", "push-buffered", []string{"Redis Pub/Sub", "a queue without a bound", "SSE"}, now)
	pull := lane(name, "pull", "pull-drain", []string{"Redis Stream", "read only while there is room", "SSE"}, now)
	s.Controls.Lanes = []component.Lane{push, pull}
	switch name {
	case "one":
		s.Controls.Lanes = s.Controls.Lanes[:1]
	case "three", "four":
		s.Controls.Lanes = append(s.Controls.Lanes,
			lane(name, "bounded", "drop-oldest", []string{"Redis Pub/Sub", "a queue of 1,000", "SSE"}, now),
			lane(name, "window", "pull-window", []string{"Redis Stream", "64 KiB of demand", "WebSocket"}, now))
		if name == "three" {
			s.Controls.Lanes = s.Controls.Lanes[:3]
		}
	}
	for i := range s.Controls.Lanes {
		s.Controls.Lanes[i].Place = i
		s.Controls.Lanes[i].Throttle = s.Controls.Throttle
	}
	return s
}

func rss(name string, t float64) float64 {
	if t < slowed {
		return (17 + .8*math.Sin(t*3)) * mib
	}
	if name == "push" {
		return min(258, 17+(t-slowed)*12.6+2*math.Sin(t*2.1)) * mib
	}
	return (17 + min(9, (t-slowed)*1.1) + .9*math.Sin(t*2.7)) * mib
}

func lane(stage, name, title string, way []string, now float64) component.Lane {
	l := component.Lane{Name: name, Title: title, Way: way, Limit: limit, Throttle: 4_000, Curl: "curl -N 'http://127.0.0.1:40123/stream?reader=tab'"}
	l.Heap = "/lanes/" + name + "/heap"
	l.Code = &component.Code{Lane: name, Page: component.CodePage(name, "")}
	state, text, say := wire.StateRunning, "running", "Waits for room. The rest stays in Redis."
	if name == "push" {
		say = "Accepts everything, delivers little."
	}
	end := now
	dead := name == "push" && now > killed
	switch {
	case stage == "rest":
		state, text, say = wire.StateRest, "at rest", "Nothing runs while nobody watches."
	case stage == "stopped":
		state, text, say = wire.StateStopped, "stopped", "Stopped by a person."
	case stage == "starting":
		state, text, say = wire.StateStarting, "starting", "The process is being started."
	case dead:
		state, text, say = wire.StateKilled, "killed, exit code 137", "The supervisor killed it over its limit. 210 readers were cut off."
		end = killed
	case stage == "calm":
		say = "Keeps up."
	case stage == "away":
		state, text, say = wire.StateWaiting, "waiting for Redis", "Keeps its readers and waits."
	}
	l.Status = component.Status{Lane: name, State: state, Text: text}
	l.Say = component.Say{Lane: name, State: state, Text: say}
	l.Sample = wire.LaneSample{State: state, Limit: limit}
	if now > 0 {
		held := max(0, rss(name, end)-rss(name, 0))
		l.Sample.RSS = uint64(rss(name, end))
		l.Sample.HeapInUse = uint64(rss(name, end) * .62)
		l.Sample.HeapTotal = uint64(rss(name, end) * .88)
		l.Sample.OutsideHeap = 4_500_000
		l.Sample.Readers, l.Sample.Stalled, l.Sample.StallMicros = readers, 198, 11_400_000
		l.Sample.BacklogBytes, l.Sample.BacklogCount, l.Sample.OldestMicros = uint64(held*.9), uint64(held*.9/1024), uint64(held/12e6*1e6)
		l.Sample.PerSecond, l.Sample.HealthyP50, l.Sample.HealthyP99 = 1_130, 2_100, 7_400
		if stage == "calm" || stage == "released" {
			l.Sample.PerSecond, l.Sample.Stalled, l.Sample.BacklogCount, l.Sample.BacklogBytes = 10_500, 0, 0, 0
		}
		if dead {
			l.Sample.ExitCode, l.Sample.Gaps = 137, 218_304
		}
	}
	if haunted(stage) && name == "push" {
		l.Ghost = "NestJS @Sse, the same load, limit 300 MiB: measured on 8 November 2026, 2 cores"
	}
	l.Account = accountOf(stage, name, now, end, dead)
	l.Sample.Account = l.Account.Band.Account
	l.Chart = draw(name, now, end, dead, haunted(stage), 0, 0)
	return l
}

// draw lays the curves out as the server does for its first paint.
func draw(name string, now, end float64, dead, ghost bool, width, height float64) chart.Drawing {
	m := chart.Model{
		Width: 720, Height: 270, LimitBytes: limit, Area: "rss",
		Series:     []chart.Series{{Key: "ghost", Ghost: true}, {Key: "total", Label: "heap total"}, {Key: "heap", Label: "heap in use"}, {Key: "rss", Label: "RSS"}},
		EmptyLabel: "nothing measured yet",
	}
	if width > 0 {
		m.Width, m.Height = width, height
	}
	var deaths []float64
	if dead {
		m.Marks = append(m.Marks, chart.Mark{T: killed, Kind: chart.MarkKill})
		deaths = append(deaths, killed)
	}
	if now > slowed {
		m.Marks = append(m.Marks, chart.Mark{T: slowed, Label: "readers slowed"})
	}
	m.From, m.To = chart.Window(now, deaths)
	m.TopBytes = chart.Top(limit, 258*mib)
	for t := 0.0; now > 0 && t <= end; t += .1 {
		for i, share := range []float64{.88, .62, 1} {
			m.Series[1+i].Points = append(m.Series[1+i].Points, chart.Point{T: t, V: rss(name, t) * share})
		}
	}
	if ghost && name == "push" {
		m.TopBytes = chart.Top(limit, 301*mib)
		for t := 0.0; t <= 28; t += .5 {
			m.Series[0].Points = append(m.Series[0].Points, chart.Point{T: t, V: (87 + max(0, t-slowed)*10.7) * mib})
		}
	} else if ghost {
		m.TopBytes = chart.Top(limit, 301*mib)
	}
	return chart.Lay(m)
}

// Redraw lays the charts of s out anew for the pixels they have, as the client
// does once it has measured them.
func Redraw(stage string, s *page.Stage, width, height float64) {
	now := map[string]float64{"calm": 6, "rising": 21, "watch": 21, "one": 21, "three": 21, "four": 21, "dead": 33, "away": 33, "released": 48}[stage]
	if m, ok := moments[stage]; ok {
		now = m.now
	}
	for i, l := range s.Controls.Lanes {
		dead := l.Name == "push" && now > killed
		end := now
		if dead {
			end = killed
		}
		s.Controls.Lanes[i].Chart = draw(l.Name, now, end, dead, haunted(stage), width, height)
	}
}
