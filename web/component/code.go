package component

import (
	"net/url"
	"strconv"
	"strings"

	"spillway/web/chart"
)

// Code is the source of a lane's strategy, and where its goroutines wait in it.
type Code struct {
	Lane    string
	Listing string // URL of the source, which is fetched when somebody opens it
	Page    string // URL of the page that shows it beside another lane's; see CodePage
	Other   string // a lane to compare it with; empty: there is none
	Now     CodeNow
	Cost    CodeCost
}

// CodeNow is where the goroutines of a lane wait now.
type CodeNow struct {
	Lane   string
	Main   Waiting   // what says most of it; the zero value: nothing to say
	Text   string    // its line of the source
	All    uint64    // goroutines of the process
	Rows   []Waiting // the most first
	Deep   uint64    // so deep in calls that nobody can tell
	None   string    // why there is nothing to show: a sentence; empty: there is
	Anyway bool      // too many to look; those who steer may have it done
}

// Waiting is a line of the source and how many goroutines wait there.
type Waiting struct {
	File   string
	Line   int
	Here   uint64 // wait at this line
	Within uint64 // wait in a function that this line has called
	Reason string // in the runtime's words
	Why    string // key of a sentence of Explanations
}

// CodeCost is what looking cost in the last second; apart from the rest because
// it changes each second.
type CodeCost struct{ Micros uint64 }

// CodeFile is a file of a strategy, to be shown.
type CodeFile struct {
	Lane  string
	Name  string
	Lines []CodeLine
}

// CodeLine is a line of a file. On a page that compares, Change says what becomes
// of it.
type CodeLine struct {
	Number int
	HTML   string // highlighted and escaped, see Highlight
	Change Change
}

// Change says how a line differs from the other side.
type Change uint8

// The kinds of change.
const (
	Same  Change = iota
	Only         // the other side has no such line
	Empty        // no line: room beside one that is only on the other side
)

func (c Change) String() string { return [...]string{"same", "only", "empty"}[c] }

// Explanations are the sentences behind the runtime's words, by Waiting.Why.
var Explanations = []struct{ Key, Word, Text string }{
	{"send-io", "IO wait at Send", "The kernel has no room for this reader; the write returns when there is some."},
	{"send", "waits at Send", "The connection takes nothing more from this lane; the write returns when it does."},
	{"next-io", "IO wait at Next", "The broker has sent nothing new; the read returns with the next message."},
	{"next", "waits at Next", "The source has no message for this reader yet."},
	{"IO wait", "IO wait", "The kernel has nothing to read, or no room to write; the runtime wakes the goroutine when that changes."},
	{"select", "select", "None of the channels of this select is ready: nothing has come, and nobody has ended it."},
	{"chan receive", "chan receive", "Nothing has been sent on this channel."},
	{"chan send", "chan send", "Nobody takes what is sent on this channel, and its buffer is full."},
	{"sync.WaitGroup.Wait", "sync.WaitGroup.Wait", "The goroutines that were started here are still at work."},
	{"lock", "sync.Mutex.Lock", "Another goroutine holds the lock."},
	{"sync.Cond.Wait", "sync.Cond.Wait", "Nobody has signalled."},
	{"semacquire", "semacquire", "It waits for a semaphore of the runtime."},
	{"sleep", "sleep", "It sleeps."},
	{"running", "running", "It does not wait: it was at work, or about to be, when it was looked at."},
	{"syscall", "syscall", "It is in a call of the operating system."},
}

// Why is the key of the sentence for a line: what it calls says more than the
// runtime's word alone.
func Why(line, reason string) string {
	call := ""
	switch {
	case reason == "running", reason == "syscall":
	case strings.Contains(line, ".Send("), strings.Contains(line, ".SendAll("):
		call = "send"
	case strings.Contains(line, ".Next("), strings.Contains(line, ".from(ctx, in"):
		call = "next"
	}
	switch {
	case call != "" && reason == "IO wait":
		return call + "-io"
	case call != "":
		return call
	case strings.HasSuffix(reason, "Lock"):
		return "lock"
	case strings.HasPrefix(reason, "select"):
		return "select"
	}
	return reason
}

func (w Waiting) at() string { return w.File + ":" + strconv.Itoa(w.Line) }

// total is how many goroutines have this line in their stacks.
func (w Waiting) total() uint64 { return w.Here + w.Within }

// CodePage is the URL of the page that shows the source of a lane, or of two side
// by side.
func CodePage(left, right string) string {
	u := "/code?left=" + url.QueryEscape(left)
	if right != "" {
		u += "&right=" + url.QueryEscape(right)
	}
	return u
}

func lineID(lane, at string) string { return "code-" + lane + "-" + strings.ReplaceAll(at, ":", "-") }

func (c CodeNow) main() bool { return c.Main.File != "" }

// how many is "1 goroutine waits", "200 of 842 goroutines wait".
func (c CodeNow) howMany() string {
	if n := c.Main.total(); n != 1 {
		return "of " + chart.Count(c.All) + " goroutines wait"
	}
	return "of " + chart.Count(c.All) + " goroutines waits"
}

func tally(n uint64) string { return strconv.FormatUint(n, 10) }

// spent is "0.4 ms of processor time in the last second".
func (c CodeCost) spent() string {
	return strconv.FormatFloat(float64(c.Micros)/1000, 'f', 1, 64) + " ms of processor time in the last second"
}
