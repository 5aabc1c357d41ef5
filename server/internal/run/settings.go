package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/wasm/throttle"
)

// Bounds of the live settings. They keep a shared laptop alive; a scenario obeys
// them too.
const (
	MaxReaders       = 500 // of each group of the crowd, in each lane
	MaxRate          = 1000.0
	MinSizeBytes     = 96
	MaxSizeBytes     = 256 << 10
	MinLimitBytes    = 32 << 20  // below it a lane dies of being started
	maxBytesASecond  = 200 << 20 // produced by all channels together
	maxThrottleBytes = 1 << 30
	maxRetention     = 1_000_000
	maxLanes         = 4       // what fits beside each other on a screen
	maxGroups        = 8       // of readers, the tabs not among them
	maxBufferBytes   = 8 << 20 // of a socket
	maxSteps         = 200
	maxScript        = 30 * time.Minute // all steps of a scenario, waits at their longest
	defaultSizeBytes = 1 << 10
)

// Settings are what can be changed while a run lives.
type Settings struct {
	RatePerSecond float64                  `json:"ratePerSecond"`     // messages on the channel of each reader of the crowd
	SizeBytes     int                      `json:"sizeBytes"`         // of one message, its head included; the llm workload has its own
	Retention     int64                    `json:"retentionMessages"` // about how many each stream keeps, read or not; 0 keeps what somebody has still to read
	Paused        bool                     `json:"paused"`            // nobody but the steady groups reads at all
	Readers       map[string]GroupSettings `json:"readers"`           // by group; "you" are the tabs
	Lanes         map[string]LaneSettings  `json:"lanes"`
}

// GroupSettings are those of one group of readers, in every lane.
type GroupSettings struct {
	Count    int      `json:"count"`                  // in each lane; 1 for you, where it means the channel
	Throttle Throttle `json:"throttleBytesPerSecond"` // of each reader; null is unlimited. The lane's own throttle counts too, whichever is lower
	Paused   bool     `json:"paused"`                 // reads nothing and stays connected
	Away     bool     `json:"away"`                   // has hung up; comes back where it was
}

// LaneSettings are those of one lane.
type LaneSettings struct {
	Throttle   Throttle `json:"throttleBytesPerSecond"` // of its readers that are not steady, and of the tabs; null is unlimited
	LimitBytes int64    `json:"limitBytes"`
	GiveBack   bool     `json:"giveBack"` // return memory to the OS while a backlog shrinks

	SendBufferBytes int `json:"sendBufferBytes"` // of each connection, as the kernel is asked for it; -1 leaves it to the OS
}

// Throttle is a rate that JSON spells as a number of bytes per second, or null
// for none.
type Throttle throttle.Rate

// MarshalJSON writes null for unlimited.
func (t Throttle) MarshalJSON() ([]byte, error) {
	if throttle.Rate(t) == throttle.Unlimited {
		return []byte("null"), nil
	}
	return json.Marshal(int64(t))
}

// Optional tells a field that was set to null from one that is not there.
type Optional struct {
	Set  bool
	Rate throttle.Rate
}

// UnmarshalJSON reads null as unlimited.
func (o *Optional) UnmarshalJSON(text []byte) error {
	o.Set = true
	if bytes.Equal(text, []byte("null")) {
		o.Rate = throttle.Unlimited
		return nil
	}
	var n float64
	if err := json.Unmarshal(text, &n); err != nil || n != math.Trunc(n) || n < 0 || n > maxThrottleBytes {
		return fmt.Errorf("throttleBytesPerSecond %s: want a whole number from 0 to %d, or null for no throttle", text, maxThrottleBytes)
	}
	o.Rate = throttle.Rate(n)
	return nil
}

// Patch changes settings. What is not there stays.
type Patch struct {
	RatePerSecond *float64              `json:"ratePerSecond"`
	SizeBytes     *int                  `json:"sizeBytes"`
	Retention     *int64                `json:"retentionMessages"`
	Paused        *bool                 `json:"paused"`
	Throttle      Optional              `json:"throttleBytesPerSecond"` // of every lane
	Readers       map[string]GroupPatch `json:"readers"`
	Lanes         map[string]LanePatch  `json:"lanes"`
}

// GroupPatch changes the settings of one group of readers.
type GroupPatch struct {
	Count    *int     `json:"count"`
	Throttle Optional `json:"throttleBytesPerSecond"`
	Paused   *bool    `json:"paused"`
	Away     *bool    `json:"away"`
}

// LanePatch changes the settings of one lane.
type LanePatch struct {
	Throttle   Optional `json:"throttleBytesPerSecond"`
	LimitBytes *int64   `json:"limitBytes"`
	GiveBack   *bool    `json:"giveBack"`

	SendBufferBytes *int `json:"sendBufferBytes"`
}

// ErrInvalid marks settings that are out of range or unknown. Its text is a
// sentence for whoever sent them.
var ErrInvalid = errors.New("setting not possible")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// ParsePatch reads a patch. Unknown fields and anything behind the object are
// errors: a misspelt setting must not look as if it had worked.
func ParsePatch(text []byte) (Patch, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p *Patch // null is no patch
	if err := decoder.Decode(&p); err != nil {
		return Patch{}, invalid("%s", plain(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Patch{}, invalid("something follows the object")
	}
	if p == nil {
		return Patch{}, invalid("want an object, not null")
	}
	return *p, nil
}

// plain says what is wrong with JSON without speaking of Go types.
func plain(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return "want an object, not " + article(kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s: %s does not fit", kind.Field, article(kind.Value))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func article(kind string) string {
	if strings.HasPrefix(kind, "number ") {
		return kind
	}
	if kind == "array" || kind == "object" {
		return "an " + kind
	}
	return "a " + kind
}

// settingsOf are those a scenario begins with.
func settingsOf(s script.Scenario, maxLimitBytes int64) Settings {
	out := Settings{
		RatePerSecond: float64(s.Workload.Rate),
		SizeBytes:     int(s.Workload.Size),
		Retention:     s.Workload.Retention,
		Readers:       make(map[string]GroupSettings, len(s.Readers)+1),
		Lanes:         make(map[string]LaneSettings, len(s.Lanes)),
	}
	if out.SizeBytes == 0 {
		out.SizeBytes = defaultSizeBytes
	}
	for _, name := range groupNames(s) {
		g, _ := s.Group(name)
		if name == script.You {
			g.Count = 1
		}
		out.Readers[name] = GroupSettings{Count: g.Count, Throttle: Throttle(g.Throttle), Paused: g.Pause, Away: g.Away}
	}
	for _, l := range s.Lanes {
		limit := int64(l.Limit)
		if limit == 0 {
			limit = lane.DefaultLimitBytes
		}
		out.Lanes[l.Name] = LaneSettings{
			Throttle:   Throttle(throttle.Unlimited),
			LimitBytes: min(limit, maxLimitBytes),
			GiveBack:   l.GiveBack == nil || *l.GiveBack,

			SendBufferBytes: sendBufferOf(l),
		}
	}
	return out
}

// groupNames are the groups of readers in the order of the scenario, the tabs
// last.
func groupNames(s script.Scenario) []string {
	var out []string
	for _, g := range s.Crowd() {
		out = append(out, g.Name)
	}
	return append(out, script.You)
}

// with returns the settings after p, or an error that wraps ErrInvalid and
// leaves everything as it was.
func (s Settings) with(p Patch, maxLimitBytes int64) (Settings, error) {
	next := s
	next.Lanes, next.Readers = maps.Clone(s.Lanes), maps.Clone(s.Readers)
	set(&next.RatePerSecond, p.RatePerSecond)
	set(&next.SizeBytes, p.SizeBytes)
	set(&next.Retention, p.Retention)
	set(&next.Paused, p.Paused)
	for name, l := range next.Lanes {
		p.Throttle.set(&l.Throttle)
		next.Lanes[name] = l
	}
	for _, name := range slices.Sorted(maps.Keys(p.Readers)) {
		change := p.Readers[name]
		g, ok := next.Readers[name]
		if !ok {
			return s, invalid("there are no readers %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(s.Readers)), ", "))
		}
		if name == script.You && (differs(g.Count, change.Count) || differs(g.Away, change.Away)) {
			return s, invalid("%s are the tabs that are open: neither their number nor whether they are there can be set", name)
		}
		set(&g.Count, change.Count)
		set(&g.Paused, change.Paused)
		set(&g.Away, change.Away)
		change.Throttle.set(&g.Throttle)
		next.Readers[name] = g
	}
	for _, name := range slices.Sorted(maps.Keys(p.Lanes)) {
		change := p.Lanes[name]
		l, ok := next.Lanes[name]
		if !ok {
			return s, invalid("there is no lane %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(s.Lanes)), ", "))
		}
		change.Throttle.set(&l.Throttle)
		set(&l.LimitBytes, change.LimitBytes)
		set(&l.GiveBack, change.GiveBack)
		set(&l.SendBufferBytes, change.SendBufferBytes)
		next.Lanes[name] = l
	}
	if err := next.check(maxLimitBytes); err != nil {
		return s, err
	}
	return next, nil
}

func (s Settings) check(maxLimitBytes int64) error {
	switch {
	case math.IsNaN(s.RatePerSecond) || s.RatePerSecond < 0 || s.RatePerSecond > MaxRate:
		return invalid("ratePerSecond %v: from 0 to %v", s.RatePerSecond, MaxRate)
	case s.SizeBytes < MinSizeBytes || s.SizeBytes > MaxSizeBytes:
		return invalid("sizeBytes %d: from %d to %d", s.SizeBytes, MinSizeBytes, MaxSizeBytes)
	case s.Retention < 0 || s.Retention > maxRetention:
		return invalid("retentionMessages %d: from 0, which keeps what is unread, to %d", s.Retention, maxRetention)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Readers)) {
		if n := s.Readers[name].Count; n < 0 || n > MaxReaders {
			return invalid("count %d of %s: from 0 to %d", n, name, MaxReaders)
		}
	}
	if total := float64(s.crowd()) * s.RatePerSecond * float64(s.SizeBytes); total > maxBytesASecond {
		return invalid("readers × rate × size come to %.0f MiB a second, at most %d", total/(1<<20), maxBytesASecond>>20)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Lanes)) {
		l := s.Lanes[name]
		if l.LimitBytes < MinLimitBytes || l.LimitBytes > maxLimitBytes {
			return invalid("limitBytes %d of lane %s: from %d to %d, each lane's share of --max-memory", l.LimitBytes, name, MinLimitBytes, maxLimitBytes)
		}
		if err := checkSendBuffer(name, l.SendBufferBytes); err != nil {
			return err
		}
	}
	return nil
}

// crowd is how many readers each lane has, without the tabs.
func (s Settings) crowd() int {
	n := 0
	for name, g := range s.Readers {
		if name != script.You {
			n += g.Count
		}
	}
	return n
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func differs[T comparable](field T, value *T) bool { return value != nil && *value != field }

// set changes a throttle if there is something to change.
func (o Optional) set(field *Throttle) {
	if o.Set {
		*field = Throttle(o.Rate)
	}
}
