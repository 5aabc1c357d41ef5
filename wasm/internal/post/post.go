//go:build js && wasm

// Package post is what the page and its workers say to each other: the page
// sends a [Command], a worker a [Report] ten times a second. Both travel through
// postMessage as plain objects, which the browser copies; neither side waits.
//
//	reader (worker) → account → page → hub
package post

import (
	"syscall/js"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// Command tells a worker what to read and how fast. It always says everything;
// the worker finds out what changed.
type Command struct {
	URL  string        // of the stream; empty: read nothing
	Run  string        // another run is another account, beginning at zero
	Rate throttle.Rate // how fast to read
}

// JS is the command as postMessage takes it.
func (c Command) JS() js.Value {
	return js.ValueOf(map[string]any{"url": c.URL, "run": c.Run, "rate": float64(c.Rate)})
}

// CommandOf reads a command. It reports false for anything else.
func CommandOf(v js.Value) (Command, bool) {
	if v.Type() != js.TypeObject {
		return Command{}, false
	}
	url, run, rate := v.Get("url"), v.Get("run"), v.Get("rate")
	if url.Type() != js.TypeString || run.Type() != js.TypeString || rate.Type() != js.TypeNumber {
		return Command{}, false
	}
	return Command{URL: url.String(), Run: run.String(), Rate: throttle.Rate(rate.Float())}, true
}

// State is what a worker's reader does now, in words for a person.
type State string

// The states of a reader. A refusal adds the lane's own words.
const (
	Idle        State = "not connected"
	Connecting  State = "connecting"
	Reading     State = "reading"
	Holding     State = "paused"
	Retrying    State = "waiting for the lane"
	Unsupported State = "this browser cannot read a stream at its own pace"
)

// Report is the account of one worker's reader.
type Report struct {
	Run      string
	State    State
	Account  reader.Account
	P50, P99 uint64 // age on arrival, microseconds, over the last full second
	AtMicros int64  // when the account was taken
}

// JS is the report as postMessage takes it. Counts are numbers: they are exact
// up to 2^53.
func (r Report) JS() js.Value {
	return js.ValueOf(map[string]any{
		"run": r.Run, "state": string(r.State),
		"bytes": float64(r.Account.Bytes), "messages": float64(r.Account.Messages),
		"gaps": float64(r.Account.Gaps), "repeats": float64(r.Account.Repeats),
		"lastSeq": float64(r.Account.LastSeq), "malformed": float64(r.Account.Malformed),
		"p50": float64(r.P50), "p99": float64(r.P99), "at": float64(r.AtMicros),
	})
}

// ReportOf reads a report. It reports false for anything else.
func ReportOf(v js.Value) (Report, bool) {
	if v.Type() != js.TypeObject || v.Get("state").Type() != js.TypeString || v.Get("at").Type() != js.TypeNumber {
		return Report{}, false
	}
	count := func(name string) uint64 { return uint64(v.Get(name).Float()) }
	return Report{
		Run: v.Get("run").String(), State: State(v.Get("state").String()),
		Account: reader.Account{
			Bytes: count("bytes"), Messages: count("messages"), Gaps: count("gaps"),
			Repeats: count("repeats"), LastSeq: count("lastSeq"), Malformed: count("malformed"),
		},
		P50: count("p50"), P99: count("p99"), AtMicros: int64(v.Get("at").Float()),
	}, true
}
