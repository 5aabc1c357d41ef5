package record

import (
	"encoding/json"
	"time"

	"spillway/wasm/wire"
)

// Bounds of a file, which a reader holds against what somebody made up. At 1 MiB
// a minute four hours come to 240 MiB.
const (
	maxFileBytes   = 256 << 20
	maxHeaderBytes = 8 << 20 // with the scenario and what it names
	maxLineBytes   = 1 << 20
	maxLength      = 4 * time.Hour
	maxMoments     = 300_000 // 20 a second for so long
	maxMemoryBytes = 1 << 30 // about, of all moments
	maxMarks       = 4096    // of all lanes
	maxMicros      = 1 << 52 // far from what a time.Duration cannot hold
)

// format is what every header says.
const format = "spillway-recording"

// line is anything behind the header. A line with a sample, words or a log is a
// moment; what it does not say is as in the moment before.
//
//	{"t":7100000,"words":{…},"log":[…],"sample":{…},"clock":2000000}
//
// Times without a unit in their name are microseconds.
type line struct {
	T      *int64          `json:"t"`      // View.Elapsed
	Whole  bool            `json:"whole"`  // words, log and marks are all there are, not what changed
	Words  json.RawMessage `json:"words"`  // a merge patch (RFC 7396) of the parts
	Forgot int             `json:"forgot"` // oldest entries of the log that the View has dropped
	Log    []entryWords    `json:"log"`    // new entries
	Marks  []markWords     `json:"marks"`  // new ones on the curves
	Sample *sampleText     `json:"sample"`
	Ages   [][][]uint64    `json:"ages"` // with a sample: by lane and group of readers, bucket, count, …

	Accounts []json.RawMessage `json:"accounts"` // with a sample: by lane

	Clock  int64     `json:"clock"`    // of the steps (play.View.Clock)
	Ghosts *int64    `json:"ghostsAt"` // when the measured series of the scenario begin
	Remark string    `json:"remark"`   // of the recorder about itself
	End    *endWords `json:"end"`      // the last line
}

// isMoment tells whether the line is one.
func (l *line) isMoment() bool {
	return l.Sample != nil || l.Words != nil || len(l.Log) > 0 || l.Forgot > 0 || l.Whole
}

type markWords struct {
	Lane    string `json:"lane"`
	Elapsed uint64 `json:"elapsed"`
	Kind    uint8  `json:"kind"` // chart.MarkKind
	Label   string `json:"label"`
}

func markOf(lane string, m wire.HistoryMark) markWords {
	return markWords{lane, m.ElapsedMicros, m.Kind, m.Label}
}

func (m markWords) mark() wire.HistoryMark {
	return wire.HistoryMark{ElapsedMicros: m.Elapsed, Kind: m.Kind, Label: m.Label}
}

type endWords struct {
	Ending Ending `json:"ending"`
	Why    string `json:"why,omitempty"`
}

// fresh tells how many of the oldest elements of before are gone in after, and
// which of after are new. Both are windows of the same growing list.
func fresh[T comparable](before, after []T) (forgot int, added []T) {
	for ; forgot < len(before); forgot++ {
		kept := before[forgot:]
		if len(kept) <= len(after) && equal(kept, after[:len(kept)]) {
			return forgot, after[len(kept):]
		}
	}
	return forgot, after
}

// equal does not look at elements that share their place in memory.
func equal[T comparable](a, b []T) bool {
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
