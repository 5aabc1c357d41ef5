package outcome

import (
	"math"
	"slices"
	"strings"
	"time"

	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
)

// The words of a step that waits for a condition, see [play.Step].
const (
	waitPrefix = "when "
	waitAtMost = ", at most "
)

// Of sums a recording up. It reads rec and keeps nothing of it that changes.
func Of(rec *record.Recording) Result {
	out := Result{
		Scenario:    rec.Header.Scenario,
		Title:       rec.Header.Title,
		RunID:       rec.Header.RunID,
		StartedAt:   rec.Header.StartedAt,
		Command:     rec.Header.Command,
		Environment: rec.Header.Environment,
		Ending:      rec.Ending,
		Why:         rec.Why,
		Remarks:     slices.Clone(rec.Remarks),
		Checks:      []Check{},
		Steps:       []Step{},
		ByHand:      []Change{},
		Lanes:       []Lane{},
		Broker:      Broker{Kind: rec.Header.Environment.Broker},
	}
	if out.Title == "" {
		out.Title = out.Scenario
	}
	for _, e := range rec.Log {
		if e.Kind == run.ByHand {
			out.ByHand = append(out.ByHand, Change{AtSeconds: e.At.Seconds(), Text: e.Text})
		}
	}
	if len(rec.Moments) == 0 {
		return out
	}
	last := rec.Moments[len(rec.Moments)-1]
	out.ElapsedSeconds = last.Elapsed.Seconds()
	out.ProducedMessages, out.LostMessages = last.Sample.Produced, last.Lost
	for _, m := range rec.Moments {
		out.Broker.see(m)
		out.Retained = out.Retained || m.Settings.Retention > 0
	}
	for _, v := range last.Checks {
		out.Checks = append(out.Checks, Check{
			Name: v.Name, Rule: v.Rule, Wanted: v.Wanted, Seen: v.Seen,
			Holds: v.Holds && v.Known, Known: v.Known,
			Aborted:   v.Aborts && !v.Holds && rec.Ending == record.Aborted,
			AtSeconds: v.At.Seconds(),
		})
	}
	out.Steps = stepsOf(rec.Moments, last.Script.Steps)
	out.Late = latenessOf(out.Steps)
	for i := range last.Lanes {
		out.Lanes = append(out.Lanes, laneOf(rec, i))
	}
	return out
}

func (b *Broker) see(m run.View) {
	raise(&b.UsedMaxBytes, m.Sample.BrokerUsed)
	raise(&b.RSSMaxBytes, m.Sample.BrokerRSS)
	if m.Sample.BrokerLimit > 0 {
		b.LimitBytes = new(m.Sample.BrokerLimit)
	}
}

// raise keeps the larger one. 0 is not a measurement.
func raise(most **uint64, v uint64) {
	if v > 0 && (*most == nil || v > **most) {
		*most = &v
	}
}

func stepsOf(moments []run.View, last []play.Step) []Step {
	out := make([]Step, 0, len(last))
	for i, s := range last {
		step := Step{
			When: s.When, What: s.What,
			State: stepState(s.State), PlanSeconds: s.Plan.Seconds(), Line: s.Line,
		}
		if step.Condition, step.Wait = strings.CutPrefix(s.When, waitPrefix); step.Wait {
			step.Condition, step.AtMost, _ = strings.Cut(step.Condition, waitAtMost)
		} else {
			step.Condition = ""
		}
		if s.State != play.Coming && s.State != play.Current {
			step.AtSeconds = new(s.At.Seconds())
			step.RunSeconds = runSeconds(moments, i)
			if !step.Wait {
				step.LateSeconds = new(s.LateBy.Seconds())
			}
		}
		out = append(out, step)
	}
	return out
}

func stepState(s play.StepState) string {
	switch s {
	case play.Current:
		return StepCurrent
	case play.Happened:
		return StepHappened
	case play.TimedOut:
		return StepTimedOut
	case play.Refused:
		return StepRefused
	}
	return StepComing
}

// runSeconds is when step i was over, on the clock of the run: the script's
// stands still while it waits for the presenter.
func runSeconds(moments []run.View, i int) *float64 {
	over := func(m run.View) bool {
		return i < len(m.Script.Steps) && m.Script.Steps[i].State != play.Coming && m.Script.Steps[i].State != play.Current
	}
	at := slices.IndexFunc(moments, over)
	if at < 0 {
		return nil
	}
	// The step happened between two moments, and the script's clock says when.
	m := moments[at]
	return new(max(0, (m.Elapsed - max(0, m.Script.Clock-m.Script.Steps[i].At)).Seconds()))
}

func latenessOf(steps []Step) Lateness {
	var late []float64
	for _, s := range steps {
		if s.LateSeconds != nil {
			late = append(late, *s.LateSeconds)
		}
	}
	if len(late) == 0 {
		return Lateness{}
	}
	slices.Sort(late)
	rank := func(q float64) float64 { return late[max(0, int(math.Ceil(q*float64(len(late))))-1)] }
	return Lateness{Steps: len(late), P50Seconds: rank(.5), P99Seconds: rank(.99), MaxSeconds: late[len(late)-1]}
}

func seconds(micros uint64) float64 { return (time.Duration(micros) * time.Microsecond).Seconds() }
