package producer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Bounds of the settings. A configuration or command outside of them is refused
// as a whole.
const (
	MinSizeBytes     = 96 // the longest head and the pad around it have 87
	MaxSizeBytes     = 1 << 20
	MaxRatePerSecond = 10_000 // on one channel
	MaxCount         = 10_000 // channels of one group
	maxGroups        = 16
)

// Config is what the producer is told before it starts.
type Config struct {
	BrokerURL string // redis://…
	RunID     string // prefix of every key and channel in the broker
	Workload  string // of Workloads, for example "fixed"
	Seed      uint64 // the same seed makes the same messages at the same times; 0 is a seed like any other
	Groups    []Group
	Paused    bool // begin paused
	Retention Retention
}

// Group is a number of channels with the same load.
type Group struct {
	Name          string  // the channels are Name-0 … Name-(Count-1)
	Single        bool    // one channel, called Name; Count is ignored
	Count         int     // channels, 0 to MaxCount
	RatePerSecond float64 // messages on each channel, on average; 0 to MaxRatePerSecond, 0 rests
	SizeBytes     int     // of one message, its head included; MinSizeBytes to MaxSizeBytes; only the fixed workload heeds it
}

// Retention says how long a stream keeps a message. In any case it goes when
// everybody has read it.
type Retention struct {
	// MaxLen is about how many entries a stream keeps at most, read or not
	// (XADD MAXLEN ~). A reader that is further behind has a gap. 0 keeps a
	// message until it is read.
	MaxLen int64
}

// Command changes the running producer. What is absent or null changes nothing;
// a command with one invalid part changes nothing at all.
type Command struct {
	Groups    map[string]GroupChange `json:",omitempty"` // by group name
	Paused    *bool                  `json:",omitempty"` // true: nothing becomes due; the sequences go on after it
	Retention *Retention             `json:",omitempty"`

	// Floors holds, for every channel that has readers, the sequence up to
	// which all of them have read. It replaces the floors told before. What is
	// at or below a floor is trimmed, at most once a second, and nothing above
	// it; only the newest message of a stream always stays. A floor that goes
	// back is ignored. A channel that is missing has no readers, and after
	// UnreadKeep it keeps the last UnreadKeep only.
	Floors map[string]uint64
}

// GroupChange changes one group. Nil fields change nothing.
type GroupChange struct {
	Count         *int     `json:",omitempty"` // channels; those that are taken away keep their sequence and go on with it when they return
	RatePerSecond *float64 `json:",omitempty"` // messages on each channel; takes effect between two messages, without a jump
	SizeBytes     *int     `json:",omitempty"` // from the next message on
}

// size is how many channels the group has.
func (g Group) size() int {
	if g.Single {
		return 1
	}
	return g.Count
}

// channel is the name of the group's channel i.
func (g Group) channel(i int) string {
	if g.Single {
		return g.Name
	}
	return g.Name + "-" + strconv.Itoa(i)
}

func (g Group) validate() error {
	switch {
	case g.Name == "":
		return errors.New("group without a name")
	case g.Count < 0 || g.Count > MaxCount:
		return fmt.Errorf("group %q: count %d is not between 0 and %d", g.Name, g.Count, MaxCount)
	case math.IsNaN(g.RatePerSecond) || g.RatePerSecond < 0 || g.RatePerSecond > MaxRatePerSecond:
		return fmt.Errorf("group %q: rate %v/s is not between 0 and %d", g.Name, g.RatePerSecond, MaxRatePerSecond)
	case g.SizeBytes < MinSizeBytes || g.SizeBytes > MaxSizeBytes:
		return fmt.Errorf("group %q: size %d B is not between %d and %d", g.Name, g.SizeBytes, MinSizeBytes, MaxSizeBytes)
	}
	return nil
}

// settings is what a command can change, always valid.
type settings struct {
	groups    []Group
	paused    bool
	retention Retention
}

func newSettings(cfg Config) (settings, error) {
	if cfg.RunID == "" {
		return settings{}, errors.New("no run id")
	}
	if len(cfg.Groups) > maxGroups {
		return settings{}, fmt.Errorf("%d groups are more than %d", len(cfg.Groups), maxGroups)
	}
	names := make(map[string]bool)
	for _, g := range cfg.Groups {
		if err := g.validate(); err != nil {
			return settings{}, err
		}
		if names[g.Name] {
			return settings{}, fmt.Errorf("group %q is there twice", g.Name)
		}
		names[g.Name] = true
	}
	s := settings{groups: slices.Clone(cfg.Groups), paused: cfg.Paused, retention: cfg.Retention}
	return s, s.retention.validate()
}

func (r Retention) validate() error {
	if r.MaxLen < 0 {
		return fmt.Errorf("retention: MaxLen %d is negative", r.MaxLen)
	}
	return nil
}

// with returns the settings after c, or an error that names what is wrong.
func (s settings) with(c Command) (settings, error) {
	next := s
	next.groups = slices.Clone(s.groups)
	for name, change := range c.Groups {
		i := slices.IndexFunc(next.groups, func(g Group) bool { return g.Name == name })
		if i < 0 {
			return s, fmt.Errorf("there is no group %q", name)
		}
		g := &next.groups[i]
		set(&g.Count, change.Count)
		set(&g.RatePerSecond, change.RatePerSecond)
		set(&g.SizeBytes, change.SizeBytes)
		if err := g.validate(); err != nil {
			return s, err
		}
	}
	set(&next.paused, c.Paused)
	set(&next.retention, c.Retention)
	if err := next.retention.validate(); err != nil {
		return s, err
	}
	return next, nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
