// Package report writes the account of a run as one HTML file: verdicts, curves,
// figures and what happened, with everything that it needs inside, for a screen
// and for paper.
//
//	samples, events, marks → recording → outcome → report
//
// The markup and the drawings are those of package web; this package only maps a
// recording to them. It starts no goroutine and blocks only where its writer
// does.
package report

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"spillway/server/internal/outcome"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/page"
)

// Write writes the report of a run. result is the outcome of rec.
func Write(w io.Writer, rec *record.Recording, result outcome.Result) error {
	if err := View(rec, result).Page().Render(context.Background(), w); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// View is the report as its page takes it.
func View(rec *record.Recording, result outcome.Result) page.Report {
	out := page.Report{
		Style:       web.ReportStyle(),
		Name:        result.Scenario,
		Title:       result.Title,
		Date:        result.StartedAt.UTC().Format("2 January 2006, 15:04:05 MST"),
		Result:      resultOf(result),
		Facts:       factsOf(result),
		Checks:      checksOf(result),
		Remarks:     result.Remarks,
		Lanes:       lanesOf(rec, result),
		Tables:      tablesOf(result),
		Broker:      brokerOf(rec),
		Events:      eventsOf(rec),
		Steps:       stepsOf(result),
		Environment: environmentOf(result),
		Command:     result.Command,
		Scenario:    rec.Header.Text,
		Meanings:    meaningsOf(result),
	}
	if n := len(rec.Moments); n > 0 {
		s := rec.Moments[n-1].Scenario
		out.About, out.Statement, out.Question = s.About, s.Statement, s.Question
	}
	if late := result.Late; late.Steps > 0 {
		out.Late = fmt.Sprintf("Steps that have a time were late by %s (p50), %s (p99), %s at most.", span(late.P50Seconds), span(late.P99Seconds), span(late.MaxSeconds))
	}
	for _, name := range slices.Sorted(maps.Keys(rec.Header.Files)) {
		out.Files = append(out.Files, page.Term{Name: name, Text: chart.Bytes(float64(len(rec.Header.Files[name])))})
	}
	return out
}

func resultOf(r outcome.Result) page.ReportResult {
	out := page.ReportResult{Sentence: r.Sentence(), Closing: r.Closing()}
	switch r.Code() {
	case outcome.CodeHeld:
		out.Kind, out.Word = "held", "Everything held"
		if len(r.Checks) == 0 && len(r.Waits()) == 0 {
			out.Word = "The run went to its end"
		}
	case outcome.CodeBroken:
		out.Kind, out.Word = "broken", "Not everything held"
	case outcome.CodeStopped:
		out.Kind, out.Word = "stopped", "Stopped by a person"
	default:
		out.Kind, out.Word = "failed", "The run could not go on"
		if r.Ending == record.Torn {
			out.Word = "The recording breaks off"
		}
	}
	return out
}

func factsOf(r outcome.Result) []page.Term {
	out := []page.Term{
		{Name: "took", Text: span(r.ElapsedSeconds)},
		{Name: "messages produced", Text: chart.Count(r.ProducedMessages)},
	}
	if r.Broker.UsedMaxBytes != nil {
		text := chart.Bytes(float64(*r.Broker.UsedMaxBytes))
		if r.Broker.LimitBytes != nil {
			text += " of " + chart.Bytes(float64(*r.Broker.LimitBytes))
		}
		out = append(out, page.Term{Name: "broker used at most", Text: text})
	}
	if r.LostMessages > 0 {
		out = append(out, page.Term{Name: "lost with the broker", Text: chart.Count(r.LostMessages)})
	}
	out = append(out, page.Term{Name: "changed by hand", Text: times(len(r.ByHand))})
	return append(out, page.Term{Name: "exit code", Text: strconv.Itoa(r.Code())})
}

func times(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// checksOf are the thresholds and then the waits.
func checksOf(r outcome.Result) []page.ReportCheck {
	var out []page.ReportCheck
	for _, c := range r.Checks {
		row := page.ReportCheck{Kind: "held", Word: "held", Name: c.Name, Rule: c.Rule, Wanted: c.Wanted, Seen: c.Seen, At: span(c.AtSeconds)}
		switch {
		case !c.Known:
			row.Kind, row.Word = "unknown", "failed, no value"
		case !c.Holds:
			row.Kind, row.Word = "broken", "failed"
		}
		if c.Aborted {
			row.Word += ", ended the run"
		}
		out = append(out, row)
	}
	for _, s := range r.Waits() {
		row := page.ReportCheck{
			Kind: "unknown", Word: "not reached", Rule: "wait", Seen: outcome.None, At: outcome.None,
			Name: s.Condition, Wanted: "true",
		}
		if s.AtMost != "" {
			row.Wanted = "within " + s.AtMost
		}
		if s.RunSeconds != nil {
			row.At = span(*s.RunSeconds)
		}
		switch s.State {
		case outcome.StepHappened:
			row.Kind, row.Word, row.Seen = "held", "held", "true"
		case outcome.StepTimedOut:
			row.Kind, row.Word, row.Seen = "broken", "failed", "not in time"
		}
		out = append(out, row)
	}
	return out
}

func stepsOf(r outcome.Result) []page.ReportStep {
	var out []page.ReportStep
	for _, s := range r.Steps {
		row := page.ReportStep{When: s.When, What: s.What, Word: s.State, Kind: "unknown", Script: outcome.None, Run: outcome.None, Late: outcome.None}
		switch s.State {
		case outcome.StepHappened:
			row.Kind = "held"
		case outcome.StepTimedOut, outcome.StepRefused:
			row.Kind = "broken"
		case outcome.StepComing, outcome.StepCurrent:
			row.Word = "not reached"
		}
		for _, f := range []struct {
			seconds *float64
			text    *string
		}{{s.AtSeconds, &row.Script}, {s.RunSeconds, &row.Run}, {s.LateSeconds, &row.Late}} {
			if f.seconds != nil {
				*f.text = span(*f.seconds)
			}
		}
		out = append(out, row)
	}
	return out
}

func tablesOf(r outcome.Result) []page.ReportTable {
	var out []page.ReportTable
	for _, row := range r.Rows() {
		if n := len(out); n == 0 || out[n-1].Name != row.Part {
			out = append(out, page.ReportTable{Name: row.Part})
		}
		t := &out[len(out)-1]
		label := strings.TrimLeft(row.Label, " ")
		t.Rows = append(t.Rows, page.ReportRow{Label: label, Sub: label != row.Label, Cells: row.Cells})
	}
	return out
}

// meaningsOf explains each figure once, by the name it has in the table.
func meaningsOf(r outcome.Result) []page.Term {
	var out []page.Term
	told := make(map[string]bool)
	for _, row := range r.Rows() {
		if told[row.Help] {
			continue
		}
		told[row.Help] = true
		name := strings.TrimSuffix(strings.TrimLeft(row.Label, " "), ", "+row.Group)
		out = append(out, page.Term{Name: row.Part + ": " + name, Text: row.Help})
	}
	return out
}

func environmentOf(r outcome.Result) []page.Term {
	e := r.Environment
	var out []page.Term
	add := func(name, text string) {
		if text != "" {
			out = append(out, page.Term{Name: name, Text: text})
		}
	}
	add("Operating system", e.OS)
	if e.Cores > 0 {
		add("Cores", strconv.Itoa(e.Cores))
	}
	if e.MemoryBytes > 0 {
		add("Memory", chart.Bytes(float64(e.MemoryBytes)))
	} else {
		add("Memory", "not visible on this OS")
	}
	add("Go", e.Go)
	add("Spillway", e.Spillway)
	add("Broker", e.Broker)
	if e.MaxMemoryBytes > 0 {
		add("Ceiling for all lanes", chart.Bytes(float64(e.MaxMemoryBytes)))
	}
	var limits []string
	for _, l := range r.Lanes {
		if l.LimitBytes != nil {
			limits = append(limits, l.Name+" "+chart.Bytes(float64(*l.LimitBytes)))
		}
	}
	add("Limits", strings.Join(limits, ", "))
	add("Run", r.RunID)
	return out
}

func lanesOf(rec *record.Recording, r outcome.Result) []page.ReportLane {
	var out []page.ReportLane
	drawings := drawingsOf(rec, len(r.Lanes))
	for i, l := range r.Lanes {
		view := rec.Moments[len(rec.Moments)-1].Lanes[i]
		lane := page.ReportLane{
			Name: l.Name, Title: l.Strategy, Way: view.Way, Place: i,
			Status: statusOf(l, view),
			RSS:    outcome.None, Say: sayOf(l), Drawings: drawings[i], Ghost: ghostOf(rec, l.Name),
		}
		if l.RSSMaxBytes != nil {
			lane.RSS = chart.MiB(float64(*l.RSSMaxBytes))
		}
		if l.LimitBytes != nil {
			lane.Limit = chart.Bytes(float64(*l.LimitBytes))
		}
		out = append(out, lane)
	}
	return out
}

// statusOf says whether a lane was alive when the run ended; that everything was
// cleared away then says nothing about it.
func statusOf(l outcome.Lane, view run.LaneView) component.Status {
	out := component.Status{Lane: l.Name, State: view.State, Text: view.Status}
	switch {
	case l.State == wire.StateRunning.String() && l.Died():
		out.State, out.Text = wire.StateRunning, "started again, alive at the end"
	case l.State == wire.StateRunning.String():
		out.State, out.Text = wire.StateRunning, "alive at the end"
	}
	return out
}

// sayOf is how a lane ended, or what it has to show for having lived.
func sayOf(l outcome.Lane) string {
	if !l.Died() {
		return chart.Count(l.Delivered) + " messages delivered, " + chart.Count(l.Gaps) + " missing at its readers."
	}
	end := l.Ends[len(l.Ends)-1]
	text := end.State + " after " + span(end.AtSeconds) + ": " + strings.TrimRight(end.Why, ".") + "."
	text = strings.ToUpper(text[:1]) + text[1:]
	if l.Restarts > 0 {
		text += " Started again " + times(int(l.Restarts)) + "."
	}
	return text
}

func span(seconds float64) string { return chart.Age(int64(seconds * 1e6)) }
