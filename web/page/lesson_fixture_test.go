package page_test

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/internal/example"
	"spillway/web/page"
)

func lessonAssets() page.Assets {
	a := example.Stage("rest").Assets
	a.Lesson, a.Editor = "/static/lesson.css?v=1", "/static/editor.js?v=1"
	return a
}

// shape is a run of a minute: push climbs and is killed, the others stay low.
func shape(lanes ...string) page.Shape {
	var s page.Shape
	for i := range 60 {
		s.Seconds = append(s.Seconds, float64(i)+0.5)
	}
	for n, name := range lanes {
		lane := page.ShapeLane{Name: name, LimitMiB: 256}
		for i := range 60 {
			v := 21 + 14*float64(n) + 3*math.Sin(float64(i)/4+float64(n))
			if n == 0 && i > 7 {
				v = 22 + float64(i-7)*12
			}
			if v > 256 {
				v = 0
			}
			lane.MiB = append(lane.MiB, v)
		}
		if n == 0 {
			lane.Died = []float64{27.2}
		}
		s.Lanes = append(s.Lanes, lane)
	}
	return s
}

// problems are two of a file: with a word that was meant, and of the whole.
func problems() []page.Problem {
	return []page.Problem{
		{Line: 8, Column: 16, Length: 3, Source: "    transport: ses", Text: "there is no transport “ses”; there are sse, websocket", Nearest: "sse"},
		{Line: 10, Column: 1, Length: 7, Source: "workloa:", Text: "there is no field “workloa” here", Nearest: "workload"},
		{Text: "the field question is missing: what the audience is asked before it begins"},
	}
}

const about = "Two servers stream the same messages to the same readers. One keeps what a reader does not take, the other waits until it does. Slow the readers down and watch which of them runs out of memory."

func gallery() page.Gallery {
	return page.Gallery{
		Assets: lessonAssets(), Steer: true, Folder: "/home/ada/scenarios",
		Groups: []page.Group{{Title: "Start here", About: "Who notices."}, {Title: "Nothing yet"}, {Title: "The broker"}},
		Cards: []page.Card{
			{Name: "one-slow-reader", Title: "One slow reader", About: about, Minutes: 3, Tags: []string{"strategy:push-buffered", "first", "memory", "push or pull"}, Group: "Start here", Rules: 5, Current: true, Shape: shape("push", "pull")},
			{Name: "llm-answers", Title: "Answers of a language model", About: "Every reader gets an answer of its own, in the chunks that model servers stream.", Minutes: 4, Tags: []string{"strategy:latest", "memory", "llm"}, Group: "The broker", Rules: 1, Shape: shape("push", "pull", "latest", "drop-oldest")},
			{Name: "no-picture", Title: "A lesson <b>without</b> a picture", About: "It has never been run here", Tags: []string{"llm", "push or pull"}},
			{Name: "my first?", Title: "My first", About: "What happens with a smaller limit? Nobody knows.", Minutes: 1, Own: true, Rules: 2},
			{Name: "broken-one", Own: true, Problems: problems()},
		},
		Recordings: []page.Recording{
			{Title: "One slow reader", When: "5 October 2026, 14:03", Length: "01:02", Size: "412 KiB", Download: "/recordings/a1", Report: "/recordings/a1/report"},
			{Title: "Answers of a language model", When: "4 October 2026, 09:30", Length: "12:40", Size: "3.4 MiB", Download: "/recordings/b2"},
		},
	}
}

func scenarioText(t testing.TB) string {
	text, err := os.ReadFile("testdata/scenario.yaml")
	require.NoError(t, err)
	return string(text)
}

func scenario(t testing.TB) page.Scenario {
	return page.Scenario{
		Assets: lessonAssets(), Steer: true, Number: 1, Name: "one-slow-reader", Title: "One slow reader", About: about,
		Question: "Which server runs out of memory?", Minutes: 3, Tags: []string{"first", "memory"}, Current: true,
		Lanes: []page.ScenarioLane{
			{Name: "push", Way: []string{"redis-pubsub", "push-buffered", "sse"}, Limit: "256 MiB", More: []string{"restarts 1 s after it failed"}},
			{Name: "pull", Way: []string{"redis-stream", "pull-drain, batch 16", "sse"}, Limit: "256 MiB"},
		},
		Load: []string{"Messages of 4 KiB, 10 a second for each reader, on a channel of its own."},
		Readers: []page.ReaderRow{
			{Name: "slow", Count: "200 in each lane", Reads: "4 KB/s at most", Gets: "10/s of 4 KiB"},
			{Name: "healthy", Count: "10 in each lane", Reads: "as fast as it can", Gets: "10/s of 4 KiB", Notes: "the slider leaves them alone"},
			{Name: "you", Count: "your tab", Reads: "as fast as it can", Gets: "100/s of 8 KiB"},
		},
		Steps: []page.StepRow{
			{When: "at the start", Say: "Everybody reads as fast as they can.", Note: "Let them look at the two flat curves.", Line: 20},
			{When: "at 5 s", Ask: &page.Prediction{Question: "Which server runs out of memory?", Options: []string{"push", "pull", "both"}, Answer: "push", Because: "It keeps what nobody reads."}, Line: 22},
			{When: "3 s later", What: "throttle 4KB/s for all", Line: 30},
			{When: "when rss{lane:push} > 200MiB, at most 60 s", Say: "Two hundred.", Line: 31},
		},
		Rules: []page.Rule{
			{Words: "The highest rss of push is more than 200 MiB.", Text: "rss{lane:push}: max > 200MiB", Metric: "rss", Help: "Memory of the process that the operating system counts, read from outside 20 times a second."},
			{Words: "The highest rss of pull is less than half the highest rss of push.", Text: "rss{lane:pull}: max < 0.5 * max of rss{lane:push}", Metric: "rss", Help: "The same.", Aborts: true},
		},
		Ghosts:  []page.GhostNote{{Lane: "push", Caption: "NestJS with an Observable, measured on another machine."}},
		Shape:   shape("push", "pull"),
		Path:    "scenarios/one-slow-reader.yaml",
		Text:    scenarioText(t),
		Command: "go run ./server run scenarios/one-slow-reader.yaml",
	}
}

func brokenScenario(t testing.TB) page.Scenario {
	return page.Scenario{Assets: lessonAssets(), Steer: true, Number: 5, Name: "broken-one", Own: true, Path: "/home/ada/scenarios/broken-one.yaml", Text: scenarioText(t), Problems: problems()}
}

func editor(t testing.TB) page.Editor {
	return page.Editor{
		Assets: lessonAssets(), Steer: true, From: "one-slow-reader", Title: "One slow reader", Text: scenarioText(t), FileName: "one-slow-reader-edited.yaml",
		Check: "/api/scenario/check?from=one-slow-reader", Run: "/api/run/script?from=one-slow-reader", Summary: "2 lanes, 4 steps, 2 rules",
	}
}
