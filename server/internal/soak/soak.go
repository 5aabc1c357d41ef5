package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"spillway/server/internal/sample"
	"spillway/server/internal/supervisor"
)

// soak is one test under way. All of it but the readers belongs to one goroutine.
type soak struct {
	o      Options
	stage  *stage
	crew   *crew
	random *rand.Rand
	began  time.Time
	spoken time.Time // when progress was said last
	self   *sample.Proc
	base   map[string]Level // of each lane and of the server, in the first calm
	result Result
}

// server is the name of this process among the levels: supervisor and readers.
const server = "server"

// Run tests until o.Duration is over or something is wrong. The result is there
// in any case; the error says why the test could not be done.
func Run(ctx context.Context, o Options) (Result, error) {
	o = o.withDefaults()
	s := &soak{o: o, random: rand.New(rand.NewPCG(o.Seed, 0)), base: make(map[string]Level)}
	s.result = Result{Seed: o.Seed, KillEverySeconds: o.KillEvery.Seconds(), Readers: ReadersEach * len(lanePlans)}
	self, err := sample.OpenProc(os.Getpid())
	if err != nil {
		return s.result, fmt.Errorf("measure this process: %w", err)
	}
	defer self.Close()
	s.self = self
	before := s.own()
	redis := ""
	if !o.Embedded {
		redis, _ = supervisor.Find("redis-server") // without it the embedded broker does
	}
	if s.stage, err = openStage(ctx, o, redis); err != nil {
		return s.result, err
	}
	s.result.Broker = s.stage.broker.String()
	if err = s.stage.produce(ctx); err == nil {
		s.crew = newCrew(o, s.stage.lanes)
		err = s.play(ctx)
		s.crew.close()
	}
	s.stage.close()
	s.finish()
	if err == nil {
		s.leftBehind(ctx, before)
		s.result.Complete = true
	}
	return s.result, err
}

// play is the test itself.
func (s *soak) play(ctx context.Context) error {
	trimming, end := context.WithCancel(ctx)
	trimmed := make(chan struct{})
	go func() {
		defer close(trimmed)
		s.stage.trim(trimming, s.crew.floors, s.o.Log)
	}()
	defer func() { end(); <-trimmed }()

	s.began = time.Now()
	s.say("%s, %d lanes with %d readers each, seed %d; warming up", s.stage.broker.String(), len(s.stage.lanes), ReadersEach, s.o.Seed)
	if err := s.gather(ctx); err != nil {
		return err
	}
	if err := s.roughFor(ctx, s.o.KillEvery/2); err != nil {
		return err
	}
	if ok, err := s.calm(ctx); err != nil || !ok {
		return err
	}
	s.began = time.Now()
	for turn := 0; time.Since(s.began) < s.o.Duration; turn++ {
		ok, err := s.turn(ctx, turn)
		if err != nil || !ok {
			return err
		}
	}
	return nil
}

// gather waits until everybody has a first message: a sequence begins with it.
func (s *soak) gather(ctx context.Context) error {
	if err := s.stage.rest(false); err != nil {
		return err
	}
	err := await(ctx, patience, func() string {
		for _, p := range s.crew.people {
			if last, _ := p.position(); last == 0 {
				return p.name + " has no message"
			}
		}
		return ""
	})
	if err != nil {
		return fmt.Errorf("wait for the first messages: %w", err)
	}
	return nil
}

// turn is rough, with the death of a lane in the middle and of the broker when
// its time has come, and then calm. ok is false when something is wrong.
func (s *soak) turn(ctx context.Context, turn int) (ok bool, err error) {
	due := s.began.Add(s.o.KillEvery*time.Duration(turn) + s.o.KillEvery*2/5)
	if err := s.roughFor(ctx, max(time.Until(due), s.o.KillEvery/5)); err != nil { // a calm may have taken long
		return false, err
	}
	if err := s.killLane(ctx, turn); err != nil {
		return false, err
	}
	done := len(s.result.Restarts)
	if due := s.o.Duration * time.Duration(done+1) / (brokerRestarts + 1); done < brokerRestarts && time.Since(s.began) >= due {
		if err := s.roughFor(ctx, s.o.KillEvery/10); err != nil {
			return false, err
		}
		if err := s.killBroker(ctx); err != nil {
			return false, err
		}
	}
	if err := s.roughFor(ctx, s.o.KillEvery*3/10); err != nil {
		return false, err
	}
	return s.calm(ctx)
}

// roughFor lets everything happen for a while.
func (s *soak) roughFor(ctx context.Context, d time.Duration) error {
	if err := s.stage.rest(false); err != nil {
		return err
	}
	s.crew.rough.set(true)
	return s.wait(ctx, d)
}

// wait passes time and says how it goes.
func (s *soak) wait(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, min(left, s.untilProgress())); err != nil {
			return err
		}
	}
}

// killLane kills the lane whose turn it is and starts it again after a moment.
func (s *soak) killLane(ctx context.Context, turn int) error {
	if s.result.order == nil {
		s.result.order = s.random.Perm(len(s.stage.lanes))
	}
	l := s.stage.lanes[s.result.order[turn%len(s.stage.lanes)]]
	if how, dead := l.died(); dead {
		return fmt.Errorf("the lane %s ended by itself: %s", l.cfg.Name, how)
	}
	l.kill()
	s.result.Kills++
	if err := s.wait(ctx, s.crew.unit/2); err != nil {
		return err
	}
	return l.start(ctx)
}

// killBroker kills the broker; the last time it forgets.
func (s *soak) killBroker(ctx context.Context) error {
	s.crew.brokerDeaths.Add(1)
	began := time.Now()
	empty, err := s.stage.restartBroker(ctx, len(s.result.Restarts) == brokerRestarts-1)
	if err != nil {
		return err
	}
	s.result.Restarts = append(s.result.Restarts, Restart{
		AtSeconds: began.Sub(s.began).Seconds(), TookSeconds: time.Since(began).Seconds(), Empty: empty,
	})
	return nil
}

// calm lets everybody come and catch up, and looks whether all is well: ok is
// false, and the result says why, when it is not. The first calm is what the
// others are compared with.
func (s *soak) calm(ctx context.Context) (ok bool, err error) {
	s.crew.rough.set(false)
	if err := s.stage.rest(true); err != nil {
		return false, err
	}
	began := time.Now()
	limit := patience + s.o.KillEvery // a shut window makes a lane notice late
	ends := map[string]uint64{}
	var dead []string
	arrived := await(ctx, limit, func() string {
		s.untilProgress()
		if dead = s.stage.died(); len(dead) > 0 {
			return "" // nobody will arrive any more
		}
		for _, l := range s.stage.lanes { // somebody may just be about to leave
			l.buryFrozen()
		}
		now, err := s.stage.ends(ctx)
		if err != nil {
			return err.Error()
		}
		moved := false
		for name, end := range now {
			moved = moved || ends[name] != end
		}
		if ends = now; moved {
			return "the producer goes on"
		}
		if behind := s.crew.behind(ends); behind != "" {
			return behind
		}
		return s.absent()
	})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	s.result.Calms++
	s.result.LongestCalmSeconds = max(s.result.LongestCalmSeconds, time.Since(began).Seconds())
	for _, how := range dead {
		s.fail("%s", how)
	}
	if arrived != nil {
		s.fail("readers do not come to rest, %v", arrived)
		s.explain(ctx, s.stage.lanes)
	}
	for _, wrong := range s.crew.judge(ends, s.stage.firsts) {
		s.fail("%s", wrong)
	}
	if len(s.result.Failures) == 0 {
		if err := s.compare(ctx); err != nil {
			return false, err
		}
	}
	return len(s.result.Failures) == 0, nil
}

// absent says what is missing before every lane has each of its readers, once.
func (s *soak) absent() string {
	for _, l := range s.stage.lanes {
		r, at, lost := l.last()
		switch {
		case at.IsZero():
			return l.cfg.Name + " has not reported"
		case lost != "":
			return fmt.Sprintf("%s has not noticed that %s", l.cfg.Name, lost)
		case r.Readers != ReadersEach:
			return fmt.Sprintf("%s has %d readers, not %d", l.cfg.Name, r.Readers, ReadersEach)
		case r.BacklogCount > 0:
			return fmt.Sprintf("%s holds %d messages", l.cfg.Name, r.BacklogCount)
		}
	}
	return ""
}

// compare takes the level of everybody, until it is as it should be. The first
// time it waits until it stays the same.
func (s *soak) compare(ctx context.Context) error {
	var last map[string]Level
	same := 0
	wrong := await(ctx, patience, func() string {
		levels, missing := s.levels(ctx)
		if missing != "" {
			return missing
		}
		before := last
		last = levels
		if len(s.base) == 0 {
			for name, l := range levels {
				if b := before[name]; l.Goroutines != b.Goroutines || l.Files != b.Files {
					same = 0
					return name + " has not come to rest"
				}
			}
			if same++; same < steadyLooks {
				return "a moment"
			}
			return ""
		}
		var wrong []string
		for name, l := range levels {
			for _, w := range l.Against(s.base[name]) {
				wrong = append(wrong, name+" has "+w)
			}
		}
		return strings.Join(wrong, "; ")
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrong != nil {
		s.fail("what readers left behind does not go away, %v", wrong)
		s.explain(ctx, s.stage.lanes)
	}
	if len(s.base) == 0 {
		s.base = last
	}
	s.result.note(last, s.base)
	return nil
}

// steadyLooks are how many times the first calm has to look the same.
const steadyLooks = 3

// levels has everybody give back what is free, and takes their levels.
func (s *soak) levels(ctx context.Context) (out map[string]Level, missing string) {
	for _, l := range s.stage.lanes {
		if err := l.giveBack(); err != nil {
			return nil, err.Error()
		}
	}
	asked := time.Now()
	err := await(ctx, patience, func() string {
		for _, l := range s.stage.lanes {
			if _, at, _ := l.last(); at.Sub(asked) < giveBackWait {
				return l.cfg.Name + " does not report"
			}
		}
		return ""
	})
	if err != nil {
		return nil, err.Error()
	}
	out = map[string]Level{server: s.own()}
	for _, l := range s.stage.lanes {
		out[l.cfg.Name] = l.level()
	}
	return out, ""
}

// giveBackWait is how long a lane may take from the command until its memory is
// back: the report that counts is one after that.
const giveBackWait = 300 * time.Millisecond

// own is the level of this process.
func (s *soak) own() Level {
	debug.FreeOSMemory()
	out := Level{Goroutines: uint64(runtime.NumGoroutine()), Files: openFiles(os.Getpid())}
	if p, err := s.self.Read(); err == nil {
		out.RSSBytes = p.RSSBytes
	}
	return out
}

// leftBehind compares this process with what it was before there were any others.
func (s *soak) leftBehind(ctx context.Context, before Level) {
	before.RSSBytes = 0 // what was used is known from the calms
	err := await(ctx, patience, func() string { return strings.Join(s.own().Against(before), "; ") })
	if err != nil && ctx.Err() == nil {
		s.fail("when everything had ended the server had more than before it began, %v", err)
	}
}

func (s *soak) fail(format string, args ...any) {
	if len(s.result.Failures) < maxFailures {
		s.result.Failures = append(s.result.Failures, fmt.Sprintf(format, args...))
	}
}

// maxFailures are enough to see what is wrong.
const maxFailures = 20

// explain asks lanes where their goroutines are, for whoever looks for the cause.
func (s *soak) explain(ctx context.Context, lanes []*stageLane) {
	for _, l := range lanes {
		text, err := goroutines(ctx, l.address())
		if err != nil {
			text = err.Error()
		}
		s.result.Stacks = append(s.result.Stacks, Stacks{l.cfg.Name, text})
	}
}

func goroutines(ctx context.Context, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/debug/pprof/goroutine?debug=1", nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), errors.Join(err)
}
