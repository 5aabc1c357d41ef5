package page

import (
	"strconv"

	"spillway/web/chart"
	"spillway/web/component"
)

// Report is the account of a run that is over: one file that needs no other, is
// read on a screen and on paper, and has no script in it.
type Report struct {
	Style string // report.css, put into the file as it is

	Name      string // of the scenario: "one-slow-reader"
	Title     string // "One slow reader"
	About     string
	Statement string
	Question  string
	Date      string // when it began: "22 November 2026, 14:30:05 UTC"

	Result  ReportResult
	Facts   []Term // what it took
	Checks  []ReportCheck
	Remarks []string // of the recording about itself

	Lanes  []ReportLane
	Tables []ReportTable // figures side by side
	Broker []ReportDrawing
	Events []ReportEvent
	Steps  []ReportStep
	Late   string // how far behind their time the steps were; empty: none had a time

	Environment []Term
	Command     string // that reproduces the run
	Scenario    string // the file's text
	Files       []Term // what the scenario names beside it, with sizes
	Meanings    []Term // what the figures are and where they are read
}

// Term is a name and what there is to say about it.
type Term struct{ Name, Text string }

// ReportResult is how it ended.
type ReportResult struct {
	Kind     string // "held", "broken", "stopped" or "failed": decides colour and sign
	Word     string // "Everything held"
	Sentence string // what became of the lanes
	Closing  string // how the run ended, and its exit code
}

// ReportCheck is what became of a threshold or a wait.
type ReportCheck struct {
	Kind   string // "held", "broken", or "unknown": there was no value, or it did not come to it
	Word   string // "held"
	Name   string // "rss{lane:pull}", or a wait's condition
	Rule   string // "max < 100MiB", or "wait"
	Wanted string
	Seen   string
	At     string // of the run
}

// ReportLane is one lane over the whole run.
type ReportLane struct {
	Name     string
	Title    string // of its strategy
	Way      []string
	Place    int // from 0; decides shape and colour
	Status   component.Status
	RSS      string // the highest, in MiB without the unit
	Limit    string // "256 MiB"; empty without one
	Say      string // how it ended or came through, a sentence
	Drawings []ReportDrawing
	Ghost    string // caption of the series behind the curve; empty without one
}

// Tone numbers the lane's colour and shape, from "1".
func (l ReportLane) Tone() string { return strconv.Itoa(l.Place%component.Tones + 1) }

// ReportDrawing is a chart laid out for one width. Which of a chart's drawings is
// seen is up to the style sheet: a chart is never scaled much.
type ReportDrawing struct {
	For     string // classes: "on-wide", "on-phone", "on-paper"
	Drawing chart.Drawing
}

// ReportTable is a part of the figures, lanes as columns.
type ReportTable struct {
	Name string // "Memory"
	Rows []ReportRow
}

// ReportRow is one figure.
type ReportRow struct {
	Label string
	Sub   bool // it goes with the row above
	Cells []string
}

// ReportEvent is one line of what happened.
type ReportEvent struct {
	Clock string // of the run
	Kind  string // "said", "step", "seen", "hand" or "grave": decides the shape
	Word  string // "said"
	Text  string
}

// ReportStep is what became of one step.
type ReportStep struct {
	When, What, Word, Kind string // Kind as of ReportCheck
	Script, Run, Late      string // times; empty where there is none
}

// sign of a kind, so that nobody needs its colour.
func sign(kind string) string {
	switch kind {
	case "held":
		return "✓"
	case "broken", "failed":
		return "✗"
	case "stopped":
		return "■"
	case "said":
		return "❝"
	case "step":
		return "▶"
	case "seen":
		return "●"
	case "hand":
		return "◆"
	case "grave":
		return "✕"
	}
	return "?"
}

func (r Report) columns() string { return strconv.Itoa(len(r.Lanes)) }

func reportViewBox(d chart.Drawing) string { return "0 0 " + pixels(d.Width) + " " + pixels(d.Height) }

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func reportPath(p chart.Path) string {
	if p.Area {
		return "area " + p.Key
	}
	return p.Key
}

func limitWords(limit string) string {
	if limit == "" {
		return ""
	}
	return ", limit " + limit
}
