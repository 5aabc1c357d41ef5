// Package figure turns a sample into the words and numbers that a person reads.
// The server uses it for the first paint and WASM for every one after it, so
// both say the same. A new metric on the cards is one row in All.
//
// Standard library and small pure packages only; it is part of the WASM client.
package figure

import (
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// Figure is one number on a lane's card.
type Figure struct {
	Key   string // "backlog"; the element shows it as data-live="LANE.KEY"
	Label string
	Help  string // what it is and where it is read, shown on hover and focus
	Main  bool   // shown on every screen; the others fold away on a small one
	Text  func(wire.LaneSample) string
}

// None is shown where there is no value: before the first sample, or after a
// lane's end for what only a living lane has.
const None = "–"

// All lists the figures below a lane's chart in the order of their importance.
var All = []Figure{
	{"backlog", "backlog", "What this lane has accepted and not yet written to a reader, in bytes of the messages. Counted by the lane itself.", true,
		alive(func(s wire.LaneSample) string { return chart.Bytes(float64(s.BacklogBytes)) })},
	{"backlogCount", "messages", "The same backlog as a number of messages. Counted by the lane itself.", false,
		alive(func(s wire.LaneSample) string { return chart.Count(s.BacklogCount) })},
	{"oldest", "oldest", "How long ago the oldest message of the backlog was produced: the time its head says, read by the lane.", true,
		alive(func(s wire.LaneSample) string { return age(s.OldestMicros, s.BacklogCount > 0) })},
	{"waiting", "waiting for room", "Readers whose write is blocked now because there is no room towards them, and the longest of these waits. Read from the lane's current writes.", false,
		alive(waiting)},
	{"delivered", "delivered", "Messages per second written to readers, over the last second. Written means handed to the kernel. Counted by the lane itself.", true,
		alive(func(s wire.LaneSample) string { return chart.Short(float64(s.PerSecond)) + "/s" })},
	{"p50", "healthy p50", "Half of the messages that healthy readers got in the last second were younger than this, from produced to read. Measured by the readers.", false,
		alive(func(s wire.LaneSample) string { return age(s.HealthyP50, s.HealthyP99 > 0) })},
	{"p99", "healthy p99", "99 of 100 messages that healthy readers got in the last second were younger than this, from produced to read. Measured by the readers.", true,
		alive(func(s wire.LaneSample) string { return age(s.HealthyP99, s.HealthyP99 > 0) })},
	{"gaps", "gaps", "Messages that readers of this lane saw missing in the sequence: lost for them. Counted by the readers.", true,
		gaps},
}

// Memory lists the figures of the memory line, with what a Node user calls
// them.
var Memory = []Figure{
	{"heapInUse", "heap in use", "Live objects and those not yet swept (heapUsed in Node). From the Go runtime of the lane: /memory/classes/heap/objects:bytes.", false,
		alive(func(s wire.LaneSample) string { return chart.Bytes(float64(s.HeapInUse)) })},
	{"heapTotal", "heap total", "Heap reserved from the OS and not returned (heapTotal in Node). From the Go runtime of the lane: objects + unused + free.", false,
		alive(func(s wire.LaneSample) string { return chart.Bytes(float64(s.HeapTotal)) })},
	{"outside", "outside heap", "Stacks and the runtime itself. From the Go runtime of the lane.", false,
		alive(func(s wire.LaneSample) string { return chart.Bytes(float64(s.OutsideHeap)) })},
	{"readers", "readers", "Readers connected now. Counted by the lane itself.", false,
		alive(func(s wire.LaneSample) string { return chart.Count(s.Readers) })},
}

// gaps outlive their lane: what was lost stays lost.
func gaps(s wire.LaneSample) string {
	if s.State == wire.StateRest || s.State == wire.StateStarting {
		return None
	}
	return chart.Short(float64(s.Gaps))
}

// RSSHelp says where the big number comes from.
const RSSHelp = "Resident set size: the memory the OS counts for this process, all of it. Read from outside by the supervisor 20 times a second; over the limit it sends SIGKILL. Kernel socket buffers are not in it."

// RSS is the big number of a card, in MiB without the unit.
func RSS(s wire.LaneSample) string {
	if s.RSS == 0 {
		return None
	}
	return chart.MiB(float64(s.RSS))
}

// alive blanks a figure that means nothing for a lane that does not run.
func alive(text func(wire.LaneSample) string) func(wire.LaneSample) string {
	return func(s wire.LaneSample) string {
		if s.State != wire.StateRunning && s.State != wire.StateWaiting {
			return None
		}
		return text(s)
	}
}

func age(micros uint64, known bool) string {
	if !known {
		return None
	}
	return chart.Age(int64(micros))
}

func waiting(s wire.LaneSample) string {
	if s.Stalled == 0 {
		return "nobody"
	}
	return chart.Count(s.Stalled) + ", " + age(s.StallMicros, true)
}
