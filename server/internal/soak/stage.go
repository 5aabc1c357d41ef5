package soak

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/producer"
	"spillway/server/internal/supervisor"
)

// The load: what a reader of the shared channel gets a second, and one of a
// channel of its own.
const (
	sharedRate = 25.0
	ownRate    = 15.0
	sizeBytes  = 2 << 10
	floorEvery = time.Second
)

// stage is every process.
type stage struct {
	o      Options
	runID  string
	broker brokerStage
	lanes  []*stageLane

	// firsts are the first numbers that brokers were given which came back empty,
	// by channel. They belong to who runs the test.
	firsts map[string][]uint64

	mu       sync.Mutex
	proc     *supervisor.Process // the producer
	produced producer.Report
	hold     atomic.Bool // floors are held back
}

// channels are all there are.
func channels() []string {
	out := []string{sharedChannel}
	for i := range ReadersEach {
		out = append(out, ownGroup+"-"+strconv.Itoa(i))
	}
	return out
}

// openStage blocks until every process is ready. redisPath is empty for the
// embedded broker.
func openStage(ctx context.Context, o Options, redisPath string) (*stage, error) {
	s := &stage{o: o, runID: rand.Text()[:8], firsts: make(map[string][]uint64)}
	dir, err := os.MkdirTemp("", "spillway-soak-")
	if err != nil {
		return nil, fmt.Errorf("make folder of the broker: %w", err)
	}
	s.broker = brokerStage{super: o.Super, path: redisPath, dir: dir}
	if err := s.broker.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	for _, cfg := range lanePlans {
		cfg.RunID, cfg.Listen, cfg.BrokerURL = s.runID, "127.0.0.1:0", s.broker.url()
		cfg.Heartbeat, cfg.LimitBytes = o.heartbeat(), laneLimitBytes
		cfg.Channels = map[string]int{sharedChannel: lane.Single, ownGroup: ReadersEach}
		l := &stageLane{cfg: cfg, super: o.Super, log: o.Log, noted: make(map[way]*notice)}
		if err := l.start(ctx); err != nil {
			s.close()
			return nil, err
		}
		s.lanes = append(s.lanes, l)
	}
	return s, nil
}

// produce starts the producer.
func (s *stage) produce(ctx context.Context) error {
	proc, err := s.o.Super.Start(ctx, supervisor.Spec{
		Name: "producer", Args: []string{"producer"}, ReadyTimeout: time.Minute,
		Config: producer.Config{
			BrokerURL: s.broker.url(), RunID: s.runID, Workload: "fixed", Seed: s.o.Seed, Paused: true,
			Groups: []producer.Group{
				{Name: sharedChannel, Single: true, RatePerSecond: sharedRate, SizeBytes: sizeBytes},
				{Name: ownGroup, Count: ReadersEach, RatePerSecond: ownRate, SizeBytes: sizeBytes},
			},
		},
		OnReport: func(line json.RawMessage) {
			var r producer.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.o.Log.Warn("report not understood", "process", "producer", "err", err)
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.produced = r
		},
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = proc
	return nil
}

// rest pauses the producer, or lets it go on.
func (s *stage) rest(paused bool) error {
	return s.proc.Send(producer.Command{Paused: &paused})
}

// report is the producer's newest.
func (s *stage) report() producer.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.produced
}

// trim tells the producer once a second what all readers have, until ctx is done.
func (s *stage) trim(ctx context.Context, floors func() map[string]uint64, log *slog.Logger) {
	for pause(ctx, floorEvery) == nil {
		if s.hold.Load() {
			continue
		}
		if err := s.proc.Send(producer.Command{Floors: floors()}); err != nil {
			log.Warn("producer does not take floors", "err", err)
		}
	}
}

// restartBroker kills the broker and starts it again. With forget, or where it
// keeps nothing, it comes back empty, and what it was given first is noted for
// each channel. It blocks until then.
func (s *stage) restartBroker(ctx context.Context, forget bool) (empty bool, err error) {
	empty = forget || !s.broker.keeps()
	s.hold.Store(true)
	defer s.hold.Store(false)
	if err := s.broker.die(forget); err != nil {
		return empty, err
	}
	if err := s.broker.start(ctx); err != nil {
		return empty, err
	}
	if !empty {
		return false, nil
	}
	names := channels()
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = lane.Key(s.runID, name)
	}
	var firsts []uint64
	err = await(ctx, patience, func() (missing string) {
		if firsts, err = s.broker.firsts(ctx, keys); err != nil {
			return err.Error()
		}
		for i, first := range firsts {
			if first == 0 {
				return "nothing is written to " + names[i]
			}
		}
		return ""
	})
	if err != nil {
		return empty, fmt.Errorf("wait for what an empty broker is given first: %w", err)
	}
	for i, name := range names {
		s.firsts[name] = append(s.firsts[name], firsts[i])
	}
	return empty, nil
}

// ends are the last sequence numbers of all channels.
func (s *stage) ends(ctx context.Context) (map[string]uint64, error) {
	names := channels()
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = lane.Key(s.runID, name)
	}
	ends, err := s.broker.ends(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]uint64, len(names))
	for i, name := range names {
		out[name] = ends[i]
	}
	return out, nil
}

// died names a process that ended though nobody has ended it.
func (s *stage) died() (wrong []string) {
	for _, l := range s.lanes {
		if how, dead := l.died(); dead {
			wrong = append(wrong, fmt.Sprintf("the lane %s ended by itself: %s", l.cfg.Name, how))
		}
	}
	for _, p := range []*supervisor.Process{s.proc, s.broker.proc} {
		select {
		case <-p.Done():
			wrong = append(wrong, fmt.Sprintf("the %s ended by itself: %s", p.Name(), p.Exit()))
		default:
		}
	}
	return wrong
}

// close ends every process, the last that was started first.
func (s *stage) close() {
	stop := func(p *supervisor.Process) {
		if p != nil {
			_ = p.Stop(context.Background()) // bounded: what does not leave is killed
		}
	}
	stop(s.proc)
	for _, l := range s.lanes {
		l.mu.Lock()
		proc := l.proc
		l.mu.Unlock()
		stop(proc)
		for _, g := range l.lost {
			g.link.bury()
		}
	}
	stop(s.broker.proc)
	_ = os.RemoveAll(s.broker.dir) // what stays is in the folder for temporary files
}

// patience bounds waiting for a condition on a busy machine.
const patience = time.Minute

// await blocks until missing returns nothing. Its error says what was missing.
func await(ctx context.Context, limit time.Duration, missing func() string) error {
	for deadline := time.Now().Add(limit); ; {
		what := missing()
		if what == "" {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v: %s", limit, what)
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}
