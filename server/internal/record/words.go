package record

import (
	"time"

	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/server/internal/sample"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/threshold"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// The words of a View as they stand in a recording. Each of these types has the
// fields of its original in their order, so that a conversion from one to the
// other only compiles while they agree.
type (
	settingsWords struct {
		RatePerSecond float64               `json:"ratePerSecond"`
		SizeBytes     int                   `json:"sizeBytes"`
		Retention     int64                 `json:"retentionMessages"`
		Paused        bool                  `json:"paused"`
		Readers       map[string]groupWords `json:"readers,omitempty"`
		Lanes         map[string]limitWords `json:"lanes,omitempty"`
	}
	groupWords struct {
		Count    int   `json:"count"`
		Throttle int64 `json:"throttleBytesPerSecond"` // -1 is unlimited
		Paused   bool  `json:"paused"`
		Away     bool  `json:"away"`
	}
	limitWords struct {
		Throttle   int64 `json:"throttleBytesPerSecond"` // -1 is unlimited
		LimitBytes int64 `json:"limitBytes"`
		GiveBack   bool  `json:"giveBack"`
		SendBuffer int   `json:"sendBufferBytes,omitempty"` // -1 is the system's; 0 in recordings of before it could change
	}
	laneWords struct {
		Name     string        `json:"name"`
		Way      []string      `json:"way,omitempty"`
		State    wire.State    `json:"state"`
		Status   string        `json:"status"`
		Say      string        `json:"say"`
		PID      int           `json:"pid"`
		Port     int           `json:"port"`
		Exit     *exitWords    `json:"exit,omitempty"`
		Throttle throttle.Rate `json:"throttleBytesPerSecond"` // -1 is unlimited
		Yours    throttle.Rate `json:"yoursBytesPerSecond"`
		Channel  string        `json:"channel"`
		Read     string        `json:"read,omitempty"`
		Secure   bool          `json:"secure,omitempty"`
	}
	exitWords struct {
		Code           int               `json:"code"`
		Signal         string            `json:"signal"`
		Reason         supervisor.Reason `json:"reason"`
		At             time.Time         `json:"at"`
		Uptime         time.Duration     `json:"uptimeNanoseconds"`
		Last           sample.ProcSample `json:"last"`
		PeakBytes      int64             `json:"peakBytes"`
		LimitBytes     int64             `json:"limitBytes"`
		OvershootBytes int64             `json:"overshootBytes"`
		LogTail        []string          `json:"logTail,omitempty"`
	}
	entryWords struct {
		At    time.Duration `json:"atNanoseconds"`
		Kind  run.EntryKind `json:"kind"`
		Text  string        `json:"text"`
		Grave bool          `json:"grave,omitempty"`
	}
	verdictWords struct {
		Title   string            `json:"title"`
		Text    string            `json:"text"`
		Watch   string            `json:"watch,omitempty"`
		Answers map[string]string `json:"answers,omitempty"`
		Actions []string          `json:"actions,omitempty"`
	}
	noticeWords struct {
		Title string `json:"title"`
		Text  string `json:"text"`
	}
	scriptWords struct {
		State  play.State    `json:"state"`
		Length time.Duration `json:"lengthNanoseconds"`
		Next   int           `json:"next"`
		Say    string        `json:"say"`
		Note   string        `json:"note"`
		Ask    *askWords     `json:"ask,omitempty"`
	}
	askWords struct {
		Question string   `json:"question"`
		Options  []string `json:"options,omitempty"`
		Answer   string   `json:"answer"`
		Because  string   `json:"because"`
	}
	stepWords struct {
		When   string         `json:"when"`
		What   string         `json:"what"`
		State  play.StepState `json:"state"`
		Plan   time.Duration  `json:"planNanoseconds"`
		At     time.Duration  `json:"atNanoseconds"`
		LateBy time.Duration  `json:"lateByNanoseconds"`
		Line   int            `json:"line"`
	}
	checkWords struct {
		Name   string        `json:"name"`
		Rule   string        `json:"rule"`
		Wanted string        `json:"wanted"`
		Seen   string        `json:"seen"`
		Holds  bool          `json:"holds"`
		Known  bool          `json:"known"`
		Aborts bool          `json:"aborts"`
		At     time.Duration `json:"atNanoseconds"`
	}
)

func settingsOf(s run.Settings) settingsWords {
	out := settingsWords{RatePerSecond: s.RatePerSecond, SizeBytes: s.SizeBytes, Retention: s.Retention, Paused: s.Paused}
	if len(s.Readers) > 0 {
		out.Readers = make(map[string]groupWords, len(s.Readers))
	}
	for name, g := range s.Readers {
		out.Readers[name] = groupWords{g.Count, int64(g.Throttle), g.Paused, g.Away}
	}
	if len(s.Lanes) > 0 {
		out.Lanes = make(map[string]limitWords, len(s.Lanes))
	}
	for name, l := range s.Lanes {
		out.Lanes[name] = limitWords{int64(l.Throttle), l.LimitBytes, l.GiveBack, l.SendBufferBytes}
	}
	return out
}

func (s settingsWords) settings() run.Settings {
	out := run.Settings{RatePerSecond: s.RatePerSecond, SizeBytes: s.SizeBytes, Retention: s.Retention, Paused: s.Paused}
	if len(s.Readers) > 0 {
		out.Readers = make(map[string]run.GroupSettings, len(s.Readers))
	}
	for name, g := range s.Readers {
		out.Readers[name] = run.GroupSettings{Count: g.Count, Throttle: run.Throttle(g.Throttle), Paused: g.Paused, Away: g.Away}
	}
	if len(s.Lanes) > 0 {
		out.Lanes = make(map[string]run.LaneSettings, len(s.Lanes))
	}
	for name, l := range s.Lanes {
		out.Lanes[name] = run.LaneSettings{Throttle: run.Throttle(l.Throttle), LimitBytes: l.LimitBytes, GiveBack: l.GiveBack, SendBufferBytes: l.SendBuffer}
	}
	return out
}

func lanesOf(lanes []run.LaneView) list[laneWords] {
	var out list[laneWords]
	for _, l := range lanes {
		words := laneWords{l.Name, l.Way, l.State, l.Status, l.Say, l.PID, l.Port, nil, l.Throttle, l.Yours, l.Channel, l.Read, l.Secure}
		if l.Exit != nil {
			words.Exit = new(exitWords(*l.Exit))
		}
		out = append(out, words)
	}
	return out
}

func (l laneWords) lane() run.LaneView {
	out := run.LaneView{
		Name: l.Name, Way: l.Way, State: l.State, Status: l.Status, Say: l.Say, PID: l.PID, Port: l.Port,
		Throttle: l.Throttle, Yours: l.Yours, Channel: l.Channel, Read: l.Read, Secure: l.Secure,
	}
	if l.Exit != nil {
		out.Exit = new(supervisor.Exit(*l.Exit))
	}
	return out
}

func scriptOf(v play.View) scriptWords {
	out := scriptWords{State: v.State, Length: v.Length, Next: v.Next, Say: v.Say, Note: v.Note}
	if v.Ask != nil {
		out.Ask = new(askWords(*v.Ask))
	}
	return out
}

// into leaves the clock and the steps of v as they are.
func (s scriptWords) into(v *play.View) {
	v.State, v.Length, v.Next, v.Say, v.Note, v.Ask = s.State, s.Length, s.Next, s.Say, s.Note, nil
	if s.Ask != nil {
		v.Ask = new(play.Ask(*s.Ask))
	}
}

func stepsOf(steps []play.Step) list[stepWords] {
	return converted[list[stepWords]](steps, func(s play.Step) stepWords { return stepWords(s) })
}

func checksOf(checks []threshold.Verdict) list[checkWords] {
	return converted[list[checkWords]](checks, func(c threshold.Verdict) checkWords { return checkWords(c) })
}

// converted keeps nil for nothing.
func converted[Out ~[]B, A, B any](in []A, of func(A) B) Out {
	if len(in) == 0 {
		return nil
	}
	out := make(Out, len(in))
	for i := range in {
		out[i] = of(in[i])
	}
	return out
}
