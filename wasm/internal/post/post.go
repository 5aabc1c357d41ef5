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
	Way  reader.Way    // how to read
	Try  int           // another number connects again after the reader was full
}

// JS is the command as postMessage takes it.
func (c Command) JS() js.Value {
	return js.ValueOf(map[string]any{
		"url": c.URL, "run": c.Run, "rate": float64(c.Rate), "way": string(c.Way), "try": c.Try,
	})
}

// CommandOf reads a command. It reports false for anything else.
func CommandOf(v js.Value) (Command, bool) {
	if v.Type() != js.TypeObject {
		return Command{}, false
	}
	url, run, rate, way, again := v.Get("url"), v.Get("run"), v.Get("rate"), v.Get("way"), v.Get("try")
	if url.Type() != js.TypeString || run.Type() != js.TypeString || rate.Type() != js.TypeNumber ||
		way.Type() != js.TypeString || again.Type() != js.TypeNumber {
		return Command{}, false
	}
	return Command{
		URL: url.String(), Run: run.String(), Rate: throttle.Rate(rate.Float()),
		Way: reader.Way(way.String()), Try: again.Int(),
	}, true
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
	Full        State = "full" // reader.MaxHeldBytes came unread, and it hung up
	Unsupported State = "this browser cannot read so"
)

// Report is the account of one worker's reader.
type Report struct {
	Run      string
	State    State
	Way      reader.Way // of the connection, or of the last one
	Account  reader.Account
	P50, P99 uint64 // age on arrival, microseconds, over the last full second
	AtMicros uint64 // when the account was taken, on the worker's steady clock

	Tab       uint64 // id of the connection, as the lane knows it; 0 without one
	TabBytes  uint64 // read on this connection
	Before    uint64 // of Account.Text, on earlier connections
	Held      uint64 // bytes that have arrived and have not been read
	WASMBytes uint64 // memory of the worker's WASM
}

// numbers lists the numbers of a report, so that both directions take them in
// the same order. JavaScript holds them exactly up to 2^53.
func (r *Report) numbers() []*uint64 {
	a := &r.Account
	return []*uint64{
		&a.Bytes, &a.Messages, &a.Gaps, &a.Repeats, &a.LastSeq, &a.Malformed, &a.Ready, &a.Notices,
		&a.From, &a.To, &a.Text,
		&r.P50, &r.P99, &r.AtMicros, &r.Tab, &r.TabBytes, &r.Before, &r.Held, &r.WASMBytes,
	}
}

// firstNumber is where in the array of a report its numbers begin: behind the
// words.
const firstNumber = 3

// JS is the report as postMessage takes it: an array.
func (r Report) JS() js.Value {
	array := js.Global().Get("Array").New(r.Run, string(r.State), string(r.Way))
	for i, n := range r.numbers() {
		array.SetIndex(firstNumber+i, float64(*n))
	}
	return array
}

// ReportOf reads a report. It reports false for anything else.
func ReportOf(v js.Value) (r Report, ok bool) {
	numbers := r.numbers()
	if v.Type() != js.TypeObject || v.Get("length").Type() != js.TypeNumber || v.Length() != firstNumber+len(numbers) {
		return Report{}, false
	}
	for i, n := range numbers {
		*n = uint64(v.Index(firstNumber + i).Float())
	}
	r.Run, r.State, r.Way = v.Index(0).String(), State(v.Index(1).String()), reader.Way(v.Index(2).String())
	return r, true
}
