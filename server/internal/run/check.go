package run

import (
	"errors"
	"fmt"

	"spillway/scenarios/script"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
)

// ErrMemory says that a ceiling for all lanes leaves too little for each.
var ErrMemory = errors.New("too little memory")

// Check tells whether a scenario can be played under a ceiling for all lanes
// together: its lanes are of parts that exist and its settings within the bounds
// that hold for everybody. The error wraps ErrInvalid, or ErrMemory too where a
// higher ceiling would help.
func Check(s script.Scenario, maxMemoryBytes int64) error {
	most := share(maxMemoryBytes, s)
	if most < MinLimitBytes {
		return fmt.Errorf("%w: %w: %d MiB for %d lanes leaves each %d MiB; a lane needs %d",
			ErrInvalid, ErrMemory, maxMemoryBytes>>20, len(s.Lanes), most>>20, MinLimitBytes>>20)
	}
	for _, l := range s.Lanes {
		if _, ok := source.Find(l.Source); !ok {
			return invalid("lane %s: there is no source %q", l.Name, l.Source)
		}
		if _, ok := strategy.Find(l.Strategy); !ok {
			return invalid("lane %s: there is no strategy %q", l.Name, l.Strategy)
		}
		if _, ok := transport.Find(l.Transport); !ok {
			return invalid("lane %s: there is no transport %q", l.Name, l.Transport)
		}
	}
	return settingsOf(s, most).check(most)
}

// share is what each lane of a scenario may have of a ceiling for all.
func share(maxMemoryBytes int64, s script.Scenario) int64 {
	return maxMemoryBytes / int64(max(1, len(s.Lanes)))
}
