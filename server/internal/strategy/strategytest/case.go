package strategytest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"spillway/server/internal/strategy"
)

// Case is what a source, a reader and its transport do, one step after another.
// It is written as
//
//	strategy option=value … [demand] [fetched]: step N, step N, …; end
type Case struct {
	Strategy string
	Options  map[string]string
	Demand   bool // the transport carries demand
	Fetched  bool // the source hands on without a wait what it was given
	Steps    []Step
	End      End
}

// Step is one thing that happens. Between two steps nobody waits for the
// strategy, unless one is Wait.
type Step struct {
	Do Do
	N  int // messages; milliseconds of Wait
}

// Do is the kind of a step.
type Do string

// The steps.
const (
	Give    Do = "give"    // the source gets messages
	Serve   Do = "serve"   // the transport gets room
	Request Do = "request" // the reader asks for messages
	Wait    Do = "wait"    // until nothing moves any more; then everything is checked
)

// End is how a run ends.
type End string

// The ends.
const (
	Complete    End = "complete"
	Stop        End = "stop"
	SourceFails End = "source fails"
	SinkFails   End = "sink fails"
)

var ends = []End{Complete, Stop, SourceFails, SinkFails}

func (s Step) String() string { return fmt.Sprintf("%s %d", s.Do, s.N) }

func (c Case) String() string {
	var b strings.Builder
	b.WriteString(c.Strategy)
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		fmt.Fprintf(&b, " %s=%s", name, c.Options[name])
	}
	if c.Demand {
		b.WriteString(" demand")
	}
	if c.Fetched {
		b.WriteString(" fetched")
	}
	b.WriteString(":")
	for i, s := range c.Steps {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s", s)
	}
	fmt.Fprintf(&b, "; %s", c.End)
	return b.String()
}

// ParseCase reads what String writes.
func ParseCase(text string) (Case, error) {
	head, rest, ok := strings.Cut(text, ":")
	body, end, also := strings.Cut(rest, ";")
	c := Case{Options: map[string]string{}, End: End(strings.TrimSpace(end))}
	if !ok || !also || !slices.Contains(ends, c.End) {
		return Case{}, fmt.Errorf("parse case %q: want strategy: steps; end", text)
	}
	for i, word := range strings.Fields(head) {
		name, value, isOption := strings.Cut(word, "=")
		switch {
		case i == 0:
			c.Strategy = word
		case isOption:
			c.Options[name] = value
		case word == "demand":
			c.Demand = true
		case word == "fetched":
			c.Fetched = true
		default:
			return Case{}, fmt.Errorf("parse case %q: what is %q", text, word)
		}
	}
	for part := range strings.SplitSeq(body, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 || !slices.Contains([]Do{Give, Serve, Request, Wait}, Do(words[0])) {
			return Case{}, fmt.Errorf("parse case %q: what is the step %q", text, part)
		}
		n, err := strconv.Atoi(words[1])
		if err != nil || n < 0 || n > plenty/4 {
			return Case{}, fmt.Errorf("parse case %q: how many is %q", text, part)
		}
		c.Steps = append(c.Steps, Step{Do(words[0]), n})
	}
	return c, nil
}

// Random is the case of this seed for a strategy.
func Random(d strategy.Definition, seed uint64) Case {
	r := rand.New(rand.NewPCG(seed, 1))
	c := Case{Strategy: d.Name, Options: map[string]string{}, Demand: r.IntN(2) == 0, End: ends[r.IntN(len(ends))]}
	for _, o := range d.Options {
		if value, ok := randomOption(o, r); ok {
			c.Options[o.Name] = value
		}
	}
	kinds := []Do{Give, Give, Serve, Serve, Wait, Wait}
	if c.Demand {
		kinds = append(kinds, Request, Request)
	}
	size := 1 + r.IntN(12) // of bursts
	for range 1 + r.IntN(30) {
		s := Step{kinds[r.IntN(len(kinds))], 1 + r.IntN(size)}
		if s.Do == Wait {
			s.N = r.IntN(40)
		}
		c.Steps = append(c.Steps, s)
	}
	c.Fetched = r.IntN(2) == 0
	return c
}

// randomOption stays where little is enough to reach a bound.
func randomOption(o strategy.Option, r *rand.Rand) (string, bool) {
	const span = 6
	switch o.Kind {
	case strategy.Bytes:
		return strconv.Itoa(int(o.Min)+r.IntN(10*span)) + "B", r.IntN(2) == 0
	case strategy.Duration:
		return strconv.Itoa(int(1000*o.Min)+r.IntN(5*span)) + "ms", r.IntN(2) == 0
	}
	if o.Max == 100 { // a percentage
		return strconv.Itoa(1 + r.IntN(100)), r.IntN(2) == 0
	}
	return strconv.Itoa(min(int(o.Min)+r.IntN(span), int(o.Max))), r.IntN(8) > 0
}

// Shrink returns the smallest case it finds that still fails. It takes steps
// away, most of them at once first, and then makes numbers smaller.
func (c Case) Shrink(fails func(Case) bool) Case {
	for again := true; again; {
		again = false
		for size := len(c.Steps); size > 0; size /= 2 {
			for at := 0; at+size <= len(c.Steps); {
				smaller := c
				smaller.Steps = slices.Delete(slices.Clone(c.Steps), at, at+size)
				if fails(smaller) {
					c, again = smaller, true
				} else {
					at++
				}
			}
		}
		for at := range c.Steps {
			for _, n := range []int{c.Steps[at].N / 2, c.Steps[at].N - 1} {
				smaller := c
				smaller.Steps = slices.Clone(c.Steps)
				smaller.Steps[at].N = n
				if n > 0 && n < c.Steps[at].N && fails(smaller) {
					c, again = smaller, true
				}
			}
		}
	}
	return c
}
