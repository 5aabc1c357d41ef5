package run

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/crowd"
	"spillway/server/internal/sample"
	"spillway/server/internal/supervisor"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

func killed() supervisor.Exit {
	return supervisor.Exit{
		Code: 137, Signal: "SIGKILL", Reason: supervisor.ReasonLimit, At: time.Now(), LimitBytes: 256 << 20,
		Last: sample.ProcSample{At: time.Now(), RSSBytes: 257 << 20},
	}
}

func crashed() supervisor.Exit {
	return supervisor.Exit{
		Code: 2, Reason: supervisor.ReasonCrashed, At: time.Now(),
		LogTail: []string{"starting", "panic: no such thing", "goroutine 1 [running]:"},
	}
}

func TestWordsOfALane(t *testing.T) {
	type words struct{ status, say string }
	for name, c := range map[string]struct {
		arrange func(*session, *laneRun)
		want    words
	}{
		"rest": {
			func(_ *session, l *laneRun) { l.state = wire.StateRest },
			words{"at rest", "Nobody watches, so nothing runs."},
		},
		"starting": {
			func(_ *session, l *laneRun) { l.state = wire.StateStarting },
			words{"starting", "Starting."},
		},
		"running": {
			func(*session, *laneRun) {},
			words{"running", "Keeps up with every reader."},
		},
		"running and slowed, nothing held yet": {
			func(s *session, _ *laneRun) { s.slowAll(4000) },
			words{"running", "Keeps up with every reader."},
		},
		"running and holding": {
			func(s *session, l *laneRun) { s.slowAll(4000); l.holds(1000, 4<<20) },
			words{"running", ""}, // the strategy's own sentence, below
		},
		"running and behind": {
			func(_ *session, l *laneRun) { l.behind = true },
			words{"running", "Catches up: its readers get what waited for them."},
		},
		"waiting": {
			func(s *session, l *laneRun) { s.state = wire.StateWaiting; l.report.Broker = "unreachable" },
			words{"waiting for Redis", "Cannot reach the broker and waits for it."},
		},
		"stopped": {
			func(_ *session, l *laneRun) { l.state = wire.StateStopped },
			words{"stopped", "Stopped with the run."},
		},
		"killed": {
			func(s *session, l *laneRun) { l.holds(10, 10); s.laneEnded(l, killed()) },
			words{"killed, exit code 137", "Killed by the supervisor: 210 readers cut off, 10 messages lost."},
		},
		"killed with one reader": {
			func(s *session, l *laneRun) { l.report.Readers = 1; s.laneEnded(l, killed()) },
			words{"killed, exit code 137", "Killed by the supervisor at its limit. 1 reader was cut off."},
		},
		"crashed": {
			func(s *session, l *laneRun) { s.laneEnded(l, crashed()) },
			words{"ended, exit code 2", "panic: no such thing"},
		},
		"crashed in silence": {
			func(s *session, l *laneRun) {
				s.laneEnded(l, supervisor.Exit{Code: 134, Signal: "SIGABRT", Reason: supervisor.ReasonCrashed})
			},
			words{"ended, exit code 134", "exit code 134 (SIGABRT): crashed"},
		},
		"could not start": {
			func(s *session, l *laneRun) { s.laneNeverReady(l, errors.New("start lane push: the port is taken")) },
			words{"could not start", "start lane push: the port is taken"},
		},
		"killed, and could not start again": {
			func(s *session, l *laneRun) {
				s.laneEnded(l, killed())
				l.startAgain()
				s.laneNeverReady(l, errors.New("start lane push: the port is taken"))
			},
			words{"could not start", "start lane push: the port is taken"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestSession(t, lesson())
			l := s.lanes[0]
			c.arrange(s, l)
			if c.want.say == "" {
				c.want.say = l.strategy.Slow
				require.NotEmpty(t, c.want.say)
			}
			require.Equal(t, c.want, words{s.status(l), s.sentence(l)})
		})
	}
}

func TestVerdicts(t *testing.T) {
	die := func(s *session, name string, exit supervisor.Exit) { s.laneEnded(s.lane(name), exit) }
	for name, c := range map[string]struct {
		arrange func(*session)
		title   string
		text    string // part of it
		actions []string
		answers map[string]string
	}{
		"calm": {
			arrange: func(*session) {},
			title:   "What to do now", text: "Slow the readers", actions: []string{"doit"},
		},
		"slowed": {
			arrange: func(s *session) { s.slowAll(4000) },
			title:   "The readers are slow now", text: "Where do they wait?", actions: []string{"release"},
		},
		"paused": {
			arrange: func(s *session) { s.settings.Paused = true },
			title:   "The readers are slow now", text: "Where do they wait?", actions: []string{"release"},
		},
		"released and behind": {
			arrange: func(s *session) { s.lanes[1].behind = true },
			title:   "They catch up", text: "is on its way",
		},
		"stopped": {
			arrange: func(s *session) { s.finish(wire.StateStopped) },
			title:   "Stopped", text: "the last moment", actions: []string{"start"},
		},
		"at rest": {
			arrange: func(s *session) { s.finish(wire.StateRest) },
			title:   "At rest", text: "Nobody watched", actions: []string{"start"},
		},
		"push died, still slow": {
			arrange: func(s *session) {
				s.slowAll(4000)
				s.lane("pull").behind = true
				die(s, "push", killed())
			},
			title: "push ran out of memory.", text: "push kept what nobody read; pull leaves it in Redis until there is room.",
			actions: []string{"release", "restart:push", "reset"},
			answers: map[string]string{
				"push": "You said push.", "pull": "You said pull. That one is still alive.",
				"both": "You said both. One of them is still alive.",
			},
		},
		"push died, pull caught up": {
			arrange: func(s *session) {
				die(s, "push", killed())
				s.crowd = map[crowdCell]crowd.CellReport{{"pull", "slow"}: {AgeP50Micros: 1000}}
			},
			title: "push ran out of memory.", text: "pull left it in Redis until there was room, and has lost nothing.",
			actions: []string{"restart:push", "reset"},
		},
		"push died, pull lost one": {
			arrange: func(s *session) {
				die(s, "push", killed())
				s.lane("pull").gone.Gaps = 1
			},
			title: "push ran out of memory.", text: "pull left it in Redis, and its readers miss 1 message.",
			actions: []string{"restart:push", "reset"},
		},
		"both died": {
			arrange: func(s *session) { die(s, "push", killed()); die(s, "pull", killed()) },
			title:   "push and pull ran out of memory.", text: "push kept what nobody read.",
			actions: []string{"restart:push", "restart:pull", "reset"},
			answers: map[string]string{
				"push": "You said push. It was all of them.", "pull": "You said pull. It was all of them.", "both": "You said both.",
			},
		},
		"pull died": {
			arrange: func(s *session) { die(s, "pull", killed()) },
			title:   "pull ran out of memory.", text: "pull needed more than its limit.",
			actions: []string{"restart:pull", "reset"},
		},
		"push crashed": {
			arrange: func(s *session) { die(s, "push", crashed()) },
			title:   "push ended", text: "Not for lack of memory", actions: []string{"restart:push", "reset"},
		},
		"push died and pull crashed": {
			arrange: func(s *session) { die(s, "push", killed()); die(s, "pull", crashed()) },
			title:   "push ran out of memory.", text: "pull ended for another reason; the log says why.",
			actions: []string{"restart:push", "restart:pull", "reset"},
			answers: map[string]string{
				"push": "You said push.", "pull": "You said pull. That one ended too, but not for lack of memory.",
				"both": "You said both. One of them ended, but not for lack of memory.",
			},
		},
		"stopped after a death": {
			arrange: func(s *session) { die(s, "push", killed()); s.finish(wire.StateStopped) },
			title:   "push ran out of memory.", text: "push kept what nobody read.", actions: []string{"reset"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestSession(t, lesson())
			s.producer.Produced = 1000
			c.arrange(s)
			v := s.verdict()
			require.Equal(t, c.title, v.Title)
			require.Contains(t, v.Text, c.text)
			require.Equal(t, c.actions, v.Actions)
			if c.answers != nil {
				require.Equal(t, c.answers, v.Answers)
			}
		})
	}
}

func TestTheDeathIsTold(t *testing.T) {
	s := newTestSession(t, lesson())
	push := s.lane("push")
	push.holds(52_000, 250<<20)
	s.laneEnded(push, killed())
	e := s.events.log[len(s.events.log)-1]
	require.True(t, e.Grave)
	require.Equal(t, "push was killed: 257 MiB, exit code 137. 210 readers were cut off. It took 52,000 messages with it that nobody had read.", e.Text)
	require.Len(t, push.marks, 1)

	pull := s.lane("pull")
	pull.holds(1, 100)
	s.laneEnded(pull, killed())
	require.NotContains(t, s.events.log[len(s.events.log)-1].Text, "It took", "what a stream holds is not lost with the lane")
}

func TestNumbersAndNouns(t *testing.T) {
	require.Equal(t, "0 readers", many(0, "reader"))
	require.Equal(t, "1 reader", many(1, "reader"))
	require.Equal(t, "2 readers", many(2, "reader"))
	require.Equal(t, "1 reader was", were(1, "reader"))
	require.Equal(t, "2 readers were", were(2, "reader"))
}

func TestOpening(t *testing.T) {
	require.Equal(t, []string{"2 lanes, 210 readers each, the same messages."}, newTestSession(t, lesson()).texts())
	one := lesson()
	one.Lanes = one.Lanes[:1]
	one.Readers = script.Readers{{Name: "slow", Count: 1, Throttle: script.NoThrottle}}
	require.Equal(t, []string{"One lane, 1 reader."}, newTestSession(t, one).texts())
}

func TestTheTellingLineOfALog(t *testing.T) {
	require.Equal(t, "", telling(nil))
	require.Equal(t, "last", telling([]string{"first", "last", " "}))
	require.Equal(t, "fatal error: out of memory", telling([]string{"fatal error: out of memory", "goroutine 1"}))
	require.Equal(t, "SIGABRT: abort", telling([]string{"SIGABRT: abort", "PC=0x1", "goroutine 1 [running]:", "rax 0"}))
	require.Equal(t, "", telling([]string{"main.go:3", "goroutine 17 [select]:", "rax 0"}), "a dump without its head")
}

func TestNotices(t *testing.T) {
	s := newTestSession(t, lesson())
	require.Equal(t, Notice{}, s.notice())
	s.c.broker.health = broker.Health{At: time.Now(), Err: errors.New("redis at 127.0.0.1:1 is unreachable")}
	s.noteBroker()
	require.Equal(t, "The broker is away", s.notice().Title)
	require.Contains(t, s.notice().Text, "redis at 127.0.0.1:1 is unreachable")
	s.finish(wire.StateStopped)
	require.Equal(t, Notice{}, s.notice(), "a run that has ended waits for nothing")
}

func TestSlowSentences(t *testing.T) {
	require.Equal(t, "They read as fast as they can.", slowSentence("They", throttle.Unlimited))
	require.Equal(t, "They have stopped reading.", slowSentence("They", throttle.Stopped))
	require.Equal(t, "They read 4 KB/s each now.", slowSentence("They", 4000))
	require.Equal(t, []string{"released", "stopped", "slowed to 4 KB/s"},
		[]string{slowLabel(throttle.Unlimited), slowLabel(throttle.Stopped), slowLabel(4000)})
}
