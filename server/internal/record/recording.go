// Package record writes a run down as it was, and reads it again: every sample,
// every sentence, every mark. Replays, reports and summaries are made from a
// recording, so that a run and its account cannot differ.
//
//	samples, events, marks → recording → replay, report, summary
//
// A recording is a text file of JSON lines. The first is the [Header]. Each other
// one is a moment, a remark or the end:
//
//	{"t":100000,"words":{"version":7,"lanes":{"0":{"say":"…"}}},"log":[…],"sample":{…},"clock":50000}
//
// t is the time of the run in microseconds. sample holds numbers in rows, whose
// columns the header names: run is one row, lanes has a row for each lane,
// readers for each lane a row for each group. Zeros at the end of a row are left
// out. words is what changed of everything else (a JSON merge patch, RFC 7396;
// lists are objects with the places as keys), log and marks are what was added.
// A line with whole begins anew: it says everything. Columns, members and words
// that a reader does not know are passed over.
//
// The RSS of the first lane over time, with jq:
//
//	jq -nc '(input.columns.lane | index("rssBytes")) as $c
//	  | inputs | select(.sample) | [.t / 1e6, .sample.lanes[0][$c]]' run.ndjson
//
// Four busy lanes come to less than 1 MiB a minute.
package record

import (
	"time"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// Version is that of the format. A reader refuses a newer one.
const Version = 1

// Header is the first line of a recording. Its writer sets Format, Version and
// Columns.
type Header struct {
	Format      string            `json:"format"` // "spillway-recording"
	Version     int               `json:"version"`
	RunID       string            `json:"run"`
	StartedAt   time.Time         `json:"startedAt"`
	Command     string            `json:"command"`         // that reproduces it
	Scenario    string            `json:"scenario"`        // its name
	Title       string            `json:"title"`           // its few words for a list
	Text        string            `json:"text"`            // the file
	Files       map[string]string `json:"files,omitempty"` // those it names, by name
	Environment Environment       `json:"environment"`
	Columns     Columns           `json:"columns"`
}

// Columns name the numbers of the rows of a sample, in their order.
type Columns struct {
	Run     []string `json:"run"`
	Lane    []string `json:"lane"`
	Reader  []string `json:"reader"`            // of a group of readers on a lane
	Account []string `json:"account,omitempty"` // of a lane
}

// Environment is where a run took place.
type Environment struct {
	OS             string `json:"os"` // "linux/amd64, 6.12"
	Cores          int    `json:"cores"`
	MemoryBytes    int64  `json:"memoryBytes"` // of the machine; 0 where the OS does not say
	Go             string `json:"go"`
	Spillway       string `json:"spillway"`       // version or revision
	Broker         string `json:"broker"`         // "embedded", "redis-server 7.0.15"
	MaxMemoryBytes int64  `json:"maxMemoryBytes"` // ceiling for all lanes together
}

// Ending says how a run ended.
type Ending string

// The endings.
const (
	Completed Ending = "completed" // all steps happened
	Aborted   Ending = "aborted"   // a threshold ended it
	Stopped   Ending = "stopped"   // by a person
	Failed    Ending = "failed"    // it could not go on
	Torn      Ending = "torn"      // the recording just ends
)

// Recording is a run that was written down.
type Recording struct {
	Header  Header
	Moments []run.View         // by rising Elapsed, as pages saw them; they share what did not change
	Marks   []wire.LaneHistory // by lane: all marks, and its ghost; Points is empty
	Log     []run.Entry        // all of it, also what a View had no room for any more
	Remarks []string           // of the recorder about itself, for example that it missed something
	Ending  Ending
	Why     string // of Failed, in words
}
