package comparison

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
)

// Choice is what a person can choose.
type Choice struct {
	Strategies     []strategy.Definition
	Slow, Healthy  int    // readers of each lane
	Throttle       string // what a slow reader reads, as scenarios spell it
	Rate, Size     string // of the one channel that all read
	Seconds        int    // how long the readers are slow
	MaxMemoryBytes int64  // ceiling for all lanes together
}

// Default compares all strategies. Its figures fill what an unbounded queue may
// use several times over, and leave a laptop with two cores time to spare.
func Default(maxMemoryBytes int64) Choice {
	return Choice{
		Strategies: strategy.All,
		Slow:       5, Healthy: 15, Throttle: "10KB/s",
		Rate: "100/s", Size: "2KiB",
		Seconds:        20,
		MaxMemoryBytes: maxMemoryBytes,
	}
}

const (
	// maxLanes is how many lanes a comparison may have. No page shows them beside
	// each other, so it is more than a page has room for; recordings and frames end
	// there as well.
	maxLanes = 16
	// maxLimitMiB is where a lane is killed at the latest.
	maxLimitMiB = 256
	// Before the readers are slow, and after it.
	before, after = 3, 5
)

// The groups of readers, in the scenario and in the table.
const (
	groupSlow    = "slow"
	groupHealthy = "healthy"
)

// name and head are how a scenario is known to be a comparison.
const (
	name = "compare"
	head = "version: 1\ntitle: Every strategy side by side\nlanes:\n"
)

// Is tells whether a scenario is a comparison.
func Is(s script.Scenario) bool {
	return s.Name == name && strings.HasPrefix(string(s.Text), head)
}

// Find looks the strategies of these names up, each once. No names are all.
func Find(names []string) ([]strategy.Definition, error) {
	var out []strategy.Definition
	for _, name := range names {
		d, ok := strategy.Find(name)
		if !ok {
			return nil, fmt.Errorf("there is no strategy %q; there are %s", name, Names())
		}
		if !slices.ContainsFunc(out, func(other strategy.Definition) bool { return other.Name == name }) {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return strategy.All, nil
	}
	return out, nil
}

// Names lists every strategy, parted by commas.
func Names() string {
	var names []string
	for _, d := range strategy.All {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// Slowness is how long some readers are slow.
func (c Choice) Slowness() time.Duration { return time.Duration(c.Seconds) * time.Second }

// Length is how long it takes, from the first step's clock to the last.
func (c Choice) Length() time.Duration { return c.Slowness() + (before+after)*time.Second }

// Vocabulary is that of every scenario, with more lanes.
func Vocabulary(maxMemoryBytes int64) script.Vocabulary {
	v := run.Vocabulary(maxMemoryBytes)
	v.Bounds.MaxLanes = maxLanes
	return v
}

// Text is the comparison as a scenario file. All lanes read one channel, each
// strategy from the source it is usually shown with.
func (c Choice) Text() string {
	var b strings.Builder
	share := c.MaxMemoryBytes / int64(max(1, len(c.Strategies))) >> 20
	b.WriteString(head)
	for _, d := range c.Strategies {
		fmt.Fprintf(&b, "  %s: {source: %s, strategy: %s, transport: sse, limit: %dMiB}\n", d.Name, sourceOf(d), d.Name, min(share, maxLimitMiB))
	}
	fmt.Fprintf(&b, "workload: {kind: fixed, channels: shared, rate: %s, size: %s}\n", c.Rate, c.Size)
	fmt.Fprintf(&b, "readers:\n  %s: {count: %d}\n  %s: {count: %d, steady: true}\n", groupSlow, c.Slow, groupHealthy, c.Healthy)
	fmt.Fprintf(&b, `steps:
  - at: %ds
    set: {readers: {%s: {throttle: %s}}}
    say: %d of %d readers are slow now.
  - after: %ds
    set: {readers: {%s: {throttle: none}}}
    say: They are fast again.
  - after: %ds
    say: That was it.
`, before, groupSlow, c.Throttle, c.Slow, c.Slow+c.Healthy, c.Seconds, groupSlow, after)
	return b.String()
}

// sourceOf is the source of a strategy's lane: where it reads Pub/Sub, one
// subscription for all readers, as servers have it.
func sourceOf(d strategy.Definition) string {
	if d.Source == "redis-pubsub" {
		return "shared-pubsub"
	}
	return d.Source
}

// ErrChoice says that what was chosen cannot be played. Its text is a sentence
// for whoever chose.
var ErrChoice = errors.New("this cannot be compared")

// Scenario is the comparison to be played. The error wraps [ErrChoice].
func (c Choice) Scenario() (script.Scenario, error) {
	if c.Seconds < 1 {
		return script.Scenario{}, fmt.Errorf("%w: %d seconds; want 1 or more", ErrChoice, c.Seconds)
	}
	s, err := script.Parse(script.File{Path: name + ".yaml", Text: []byte(c.Text())}, Vocabulary(c.MaxMemoryBytes))
	if err == nil {
		err = run.Check(s, c.MaxMemoryBytes)
	}
	var wrong script.Errors
	switch {
	case errors.As(err, &wrong): // of what was asked for
		return s, fmt.Errorf("%w: %s", ErrChoice, wrong[0].Text)
	case err != nil:
		return s, fmt.Errorf("%w: %w", ErrChoice, err)
	}
	return s, nil
}

// Command compares the same in a terminal, where program is how it is called.
func (c Choice) Command(program string) string {
	out := program + " compare"
	if len(c.Strategies) < len(strategy.All) {
		for _, d := range c.Strategies {
			out += " " + d.Name
		}
	}
	standard := Default(c.MaxMemoryBytes)
	for _, f := range []struct {
		flag         string
		is, standard any
	}{
		{"slow", c.Slow, standard.Slow}, {"healthy", c.Healthy, standard.Healthy}, {"throttle", c.Throttle, standard.Throttle},
		{"rate", c.Rate, standard.Rate}, {"size", c.Size, standard.Size}, {"seconds", c.Seconds, standard.Seconds},
	} {
		if f.is != f.standard {
			out += fmt.Sprintf(" --%s %v", f.flag, f.is)
		}
	}
	return out + fmt.Sprintf(" --max-memory %dMiB", c.MaxMemoryBytes>>20)
}
