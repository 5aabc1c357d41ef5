package run

import (
	"net"
	"strconv"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/server/internal/metric"
	"spillway/server/internal/play"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/threshold"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// View is the run as it is at one moment, for pages and scripts. It shares
// nothing that changes.
type View struct {
	RunID     string // empty before the first run
	Scenario  script.Scenario
	State     wire.State
	StartedAt time.Time
	Elapsed   time.Duration
	Settings  Settings
	Sample    wire.Sample
	Extra     []metric.Lane // what the sample does not hold, lane by lane
	Lanes     []LaneView
	Log       []Entry // oldest first
	Verdict   Verdict
	Notice    Notice
	Script    play.View           // the steps
	Checks    []threshold.Verdict // the rules of the scenario as they stand
	Broker    BrokerKind
	Lost      uint64 // messages lost with the broker
	Version   uint64 // changes when anything but the sample does
	Marks     uint64 // changes when a mark is added to a curve
}

// Snapshot is the measurement of a View.
func (v View) Snapshot() metric.Snapshot { return metric.Snapshot{Sample: v.Sample, Lanes: v.Extra} }

// LaneView is one lane of a View.
type LaneView struct {
	Name     string
	Plan     script.Lane
	Way      []string // stations of the data in words
	State    wire.State
	Status   string // a few words
	Say      string // one sentence
	PID      int    // 0 unless it lives
	Host     string // under which this machine reaches it; empty in a recording
	Port     int    // 0 before it first listened
	ReadPort int    // that readers connect to: its own, or that of its proxy; 0 before that first listened
	Secure   bool   // listens with TLS
	Exit     *supervisor.Exit
	Throttle throttle.Rate // where its slider stands
	Yours    throttle.Rate // what a tab may read of it
	Channel  string        // that a tab reads
	Code     *lane.Code    // where its goroutines wait; nil while nobody looks
	Read     string        // the way in which a tab begins to read; empty: its own
}

// View reads the run.
func (c *Control) View() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil {
		s = c.sleeping()
	}
	v := View{
		RunID:     s.id,
		Scenario:  s.scenario,
		State:     s.state,
		StartedAt: s.startedAt,
		Elapsed:   s.elapsed(),
		Settings:  s.settings,
		Sample:    s.last.Sample,
		Extra:     s.last.Lanes,
		Script:    s.steps.view(),
		Checks:    s.steps.verdicts,
		Log:       s.events.log,
		Verdict:   s.verdict(),
		Notice:    s.notice(),
		Broker:    c.o.Broker.Kind,
		Lost:      s.producer.Lost,
		Version:   s.events.version,
		Marks:     s.events.marks,
	}
	if len(v.Sample.Lanes) == 0 {
		first := s.measure(s.startedAt)
		v.Sample, v.Extra = first.Sample, first.Lanes
	}
	you, _ := s.scenario.Group(script.You)
	for _, l := range s.lanes {
		lv := LaneView{
			Name:     l.name,
			Plan:     l.plan,
			Way:      l.way,
			State:    l.state,
			Status:   s.status(l),
			Say:      s.sentence(l),
			Host:     c.laneHost(),
			Port:     l.port,
			ReadPort: l.readPort(),
			Secure:   secure(l.plan),
			Exit:     l.exit,
			Throttle: s.rate(l.name),
			Yours:    s.yours(l.name),
			Channel:  s.yourChannel(),
			Read:     you.Read,
		}
		if l.proc != nil && l.exit == nil && s.alive() {
			lv.PID = l.proc.PID()
			lv.Code = l.look.code
		}
		v.Lanes = append(v.Lanes, lv)
	}
	return v
}

// sleeping is the session that would begin, for a page that is opened before
// the first. c.mu is held.
func (c *Control) sleeping() *session {
	now := time.Now()
	s := &session{
		c:         c,
		scenario:  c.o.Scenario,
		state:     wire.StateRest,
		startedAt: now,
		endedAt:   now,
		settings:  settingsOf(c.o.Scenario, c.maxLimitBytes()),
		steps:     newSteps(c.o.Scenario, true),
	}
	for _, l := range s.scenario.Lanes {
		lane := newLaneRun(l)
		lane.state = wire.StateRest
		s.lanes = append(s.lanes, lane)
	}
	return s
}

// History returns the curves so far.
func (c *Control) History() wire.History {
	c.mu.Lock()
	defer c.mu.Unlock()
	var h wire.History
	if c.session == nil {
		return h
	}
	for _, l := range c.session.lanes {
		h.Lanes = append(h.Lanes, wire.LaneHistory{
			Points: l.series.Snapshot(),
			Marks:  append([]wire.HistoryMark(nil), l.marks...),
			Ghost:  c.session.ghost(l.name),
		})
	}
	return h
}

// Scenario is the one that runs or would.
func (c *Control) Scenario() script.Scenario {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Scenario
}

// Origin is the lane's own listener, as host knows it; empty before it listened.
func (l LaneView) Origin(host string) string { return l.origin(host, l.Port) }

// StreamURL is where a program on the same machine as host reads a lane: of the
// lane itself, or through its proxy. It is empty before that first listened.
func (l LaneView) StreamURL(host string) string {
	if l.ReadPort == 0 {
		return ""
	}
	return l.origin(host, l.ReadPort) + "/stream"
}

func (l LaneView) origin(host string, port int) string {
	if port == 0 {
		return ""
	}
	scheme := "http"
	if l.Secure {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port))
}
