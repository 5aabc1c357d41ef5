package soak

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is what the test found.
type Result struct {
	Seed               uint64       `json:"seed"`
	Broker             string       `json:"broker"`
	Readers            int          `json:"readers"` // of all lanes
	KillEverySeconds   float64      `json:"killEverySeconds"`
	Seconds            float64      `json:"seconds"` // without the warm-up
	Kills              int          `json:"kills"`
	Restarts           []Restart    `json:"restarts"`
	Calms              int          `json:"calms"`
	LongestCalmSeconds float64      `json:"longestCalmSeconds"`
	Produced           uint64       `json:"producedMessages"`
	Lanes              []LaneResult `json:"lanes"`
	Processes          []Comparison `json:"processes"`
	Complete           bool         `json:"complete"` // it was done, to the end or to the first failure
	Failures           []string     `json:"failures"`
	Stacks             []Stacks     `json:"stacks,omitempty"`

	order []int // in which lanes are killed
}

// Restart is one of the broker.
type Restart struct {
	AtSeconds   float64 `json:"atSeconds"`
	TookSeconds float64 `json:"tookSeconds"` // until it answered; empty, until it had something of every channel
	Empty       bool    `json:"empty"`
}

// LaneResult is what became of the readers of one lane.
type LaneResult struct {
	Name     string   `json:"name"`
	Way      string   `json:"way"`
	Kills    int      `json:"kills"`
	Messages uint64   `json:"messages"`          // that its readers got
	Gaps     uint64   `json:"gaps"`              // that nothing may have taken
	Broker   uint64   `json:"lostByBroker"`      // in a broker that came back empty
	Unkept   uint64   `json:"notKeptByPubSub"`   // while nobody listened
	Repeats  uint64   `json:"repeats"`           // got twice
	Gone     []Notice `json:"readersThatVanish"` // without a FIN
}

// Notice is how long a lane took to notice that readers were gone.
type Notice struct {
	How            string  `json:"how"`
	Count          int     `json:"count"`
	MeanSeconds    float64 `json:"meanSeconds"`
	LongestSeconds float64 `json:"longestSeconds"`
}

// Comparison is what a process held in the first calm, in the last, and at most
// in any.
type Comparison struct {
	Name  string `json:"name"`
	First Level  `json:"first"`
	Last  Level  `json:"last"`
	Most  Level  `json:"most"`
}

// Stacks are where the goroutines of a lane were when something was wrong.
type Stacks struct {
	Lane string `json:"lane"`
	Text string `json:"text"`
}

// OK tells whether it was done and nothing is wrong.
func (r Result) OK() bool { return r.Complete && len(r.Failures) == 0 }

// note keeps the levels of a calm.
func (r *Result) note(levels, base map[string]Level) {
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		l := levels[name]
		at := slices.IndexFunc(r.Processes, func(c Comparison) bool { return c.Name == name })
		if at < 0 {
			at = len(r.Processes)
			r.Processes = append(r.Processes, Comparison{Name: name, First: base[name]})
		}
		c := &r.Processes[at]
		c.Last = l
		c.Most = Level{max(c.Most.Goroutines, l.Goroutines), max(c.Most.Files, l.Files), max(c.Most.RSSBytes, l.RSSBytes)}
	}
}

// finish fills in what is known at the end.
func (s *soak) finish() {
	r := &s.result
	if !s.began.IsZero() {
		r.Seconds = time.Since(s.began).Seconds()
	}
	r.Produced = s.stage.report().Produced
	for _, l := range s.stage.lanes {
		out := LaneResult{Name: l.cfg.Name, Way: l.cfg.Source + ", " + l.cfg.Strategy + ", " + l.cfg.Transport, Kills: l.kills}
		if s.crew != nil {
			for _, p := range s.crew.people {
				if p.lane != l {
					continue
				}
				seen := p.sequence()
				v := seen.judge(seen.last, s.stage.firsts[p.channel])
				out.Messages += v.Messages
				out.Gaps += v.Gap
				out.Broker += v.Broker
				out.Unkept += v.Unkept
				out.Repeats += v.Repeats
			}
		}
		for _, w := range []way{dropped, muted, frozen} {
			if n := l.noted[w]; n != nil {
				out.Gone = append(out.Gone, Notice{w.String(), n.count, (n.sum / time.Duration(n.count)).Seconds(), n.longest.Seconds()})
			}
		}
		r.Lanes = append(r.Lanes, out)
	}
}

// WriteText writes the table.
func (r Result) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %v, %d readers, %d messages produced, %d kills of a lane, %d calms, the longest %.1f s.\n",
		r.Broker, seconds(r.Seconds), r.Readers, r.Produced, r.Kills, r.Calms, r.LongestCalmSeconds)
	for _, s := range r.Restarts {
		how := "came back with what it had"
		if s.Empty {
			how = "came back empty"
		}
		fmt.Fprintf(&b, "The broker was killed after %v and %s, after %.1f s.\n", seconds(s.AtSeconds), how, s.TookSeconds)
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nlane\tkills\tmessages\tgaps\trepeats\tlost by the broker\tnot kept by Pub/Sub\t\n")
	for _, l := range r.Lanes {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", l.Name, l.Kills, l.Messages, l.Gaps, l.Repeats, l.Broker, l.Unkept)
	}
	fmt.Fprint(t, "\nreaders that vanished\thow\tcount\tnoticed after\tat the latest\t\n")
	for _, l := range r.Lanes {
		for _, n := range l.Gone {
			fmt.Fprintf(t, "%s\t%s\t%d\t%.1f s\t%.1f s\t\n", l.Name, n.How, n.Count, n.MeanSeconds, n.LongestSeconds)
		}
	}
	fmt.Fprint(t, "\nin a calm\tgoroutines\tfiles\tRSS of the first\tof the last\tat most\tallowed\t\n")
	for _, p := range r.Processes {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t\n", p.Name, p.Last.Goroutines, p.Last.Files,
			mebibytes(p.First.RSSBytes), mebibytes(p.Last.RSSBytes), mebibytes(p.Most.RSSBytes), mebibytes(mostRSS(p.First.RSSBytes)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.OK() {
		b.WriteString("\nNothing was lost but by the broker, nothing came twice, nothing stayed behind.\n")
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\nFAILED: %s\n", f)
	}
	if !r.Complete {
		b.WriteString("\nIt was not done to the end.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Second)
}
