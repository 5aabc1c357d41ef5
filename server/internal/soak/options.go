package soak

import (
	"cmp"
	"io"
	"log/slog"
	"time"

	"spillway/server/internal/supervisor"
)

// Options of a test. Durations that are zero are the defaults.
type Options struct {
	Super     *supervisor.Supervisor
	Log       *slog.Logger
	Progress  io.Writer     // a line every ProgressEvery
	Duration  time.Duration // without the warm-up
	KillEvery time.Duration // a lane each time
	Seed      uint64        // of what readers do and which lane is killed; when a machine gets to it is its own matter
	Embedded  bool          // use the broker inside, even if there is a redis-server on PATH
}

// Defaults and bounds of the options.
const (
	DefaultDuration  = 30 * time.Minute
	MaxDuration      = 24 * time.Hour
	DefaultKillEvery = 2 * time.Minute
	MinKillEvery     = 10 * time.Second

	// ReadersEach are the readers of each lane.
	ReadersEach = 20

	// ProgressEvery is the time between two lines of progress.
	ProgressEvery = 10 * time.Second
)

func (o Options) withDefaults() Options {
	o.Duration = cmp.Or(o.Duration, DefaultDuration)
	o.KillEvery = cmp.Or(o.KillEvery, DefaultKillEvery)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o
}

const (
	// actsPerKill is how many things a reader does between two kills, about.
	actsPerKill = 20
	// heartbeatsPerKill is how many signs of life a silent connection gets between
	// two kills; DefaultKillEvery gives lanes the heartbeat that they have by
	// default.
	heartbeatsPerKill = 8
	// brokerRestarts are spread over the duration. The last one comes back empty.
	brokerRestarts = 2
)

// act is the unit in which readers do things: from a half to four of it.
func (o Options) act() time.Duration { return o.KillEvery / actsPerKill }

func (o Options) heartbeat() time.Duration { return o.KillEvery / heartbeatsPerKill }
