package site

import (
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/component"
)

// maxAccountSeconds bounds what is kept: charts show five minutes at most.
const maxAccountSeconds = 310

// accounts remembers where the bytes of each lane were, second by second, and the
// longest band of the run, by which all are scaled.
type accounts struct {
	mu    sync.Mutex
	runID string
	most  uint64 // bytes
	lanes map[string][]accountAt
}

type accountAt struct {
	seconds float64 // of the run
	account wire.Account
}

// add takes in the run as it is, whenever something in it has changed.
func (a *accounts) add(v run.View) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v.RunID != a.runID || a.lanes == nil {
		a.runID, a.most, a.lanes = v.RunID, 0, make(map[string][]accountAt)
	}
	now := v.Elapsed.Seconds()
	for i, l := range v.Lanes {
		of := v.Sample.Lanes[i].Account
		a.most = max(a.most, component.BytesShown(of))
		points := a.lanes[l.Name]
		for len(points) > 0 && points[len(points)-1].seconds > now { // a recording was turned back
			points = points[:len(points)-1]
		}
		if n := len(points); n == 0 || points[n-1].account != of {
			points = append(points, accountAt{now, of})
		}
		if len(points) > maxAccountSeconds {
			points = points[len(points)-maxAccountSeconds:]
		}
		a.lanes[l.Name] = points
	}
}

// full is what the width of a band stands for.
func (a *accounts) full(v run.View) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	most := uint64(0)
	if v.RunID == a.runID {
		most = a.most
	}
	for _, l := range v.Sample.Lanes {
		most = max(most, component.BytesShown(l.Account))
	}
	return component.FullBytes(most)
}

// of is what is known of a lane.
func (a *accounts) of(runID, lane string) []accountAt {
	a.mu.Lock()
	defer a.mu.Unlock()
	if runID != a.runID {
		return nil
	}
	return append([]accountAt(nil), a.lanes[lane]...)
}

func bandOf(v run.View, i int, fullBytes uint64) component.Band {
	return component.Band{Lane: v.Lanes[i].Name, Account: v.Sample.Lanes[i].Account, Dead: v.Lanes[i].Exit != nil, FullBytes: fullBytes}
}

// accountOf is the part of a card about where its bytes are.
func (s *Site) accountOf(v run.View, i int) component.Account {
	lane := "/lanes/" + url.PathEscape(v.Lanes[i].Name)
	out := component.Account{
		Band:   bandOf(v, i, s.accounts.full(v)),
		Bounds: boundsOf(v, v.Lanes[i].Plan),
		Over:   lane + "/account",
	}
	if s.o.Readers != nil {
		out.Readers = lane + "/readers"
	}
	return out
}

// boundsOf are the knobs that bound each part of a lane, with their values now.
func boundsOf(v run.View, plan script.Lane) map[string][]component.Bound {
	out := map[string][]component.Bound{
		"sendqueue": {{Name: "send buffer of each connection (send_buffer)", Value: bufferText(v.Settings.Lanes[plan.Name].SendBufferBytes),
			Choices: sendBufferChoices(v.Settings.Lanes[plan.Name].SendBufferBytes), Lane: plan.Name, Setting: "sendBufferBytes"}},
		"held": {{Name: "what a tab may hold before it hangs up", Value: chart.Bytes(reader.MaxHeldBytes)}},
	}
	memory := "0: no limit"
	if v.Sample.BrokerLimit > 0 {
		memory = chart.Bytes(float64(v.Sample.BrokerLimit))
	}
	out["broker"] = []component.Bound{{Name: "maxmemory of the broker", Value: memory}}
	if isPubSub(plan) {
		limit := "as your Redis has it"
		if v.Broker != run.BrokerRemote {
			limit = "32mb 8mb 60: cut off at 32 MiB, or after 60 s above 8 MiB"
		}
		out["broker"] = append(out["broker"], component.Bound{Name: "client-output-buffer-limit pubsub", Value: limit})
	} else {
		keeps := "what somebody has still to read"
		if v.Settings.Retention > 0 {
			keeps = "about " + chart.Count(uint64(v.Settings.Retention)) + " messages of each stream"
		}
		out["broker"] = append(out["broker"], component.Bound{Name: "what a stream keeps (retention)", Value: keeps})
	}
	if d, ok := strategy.Find(plan.Strategy); ok {
		for _, o := range d.Options {
			value, written := plan.Options[o.Name]
			if !written {
				value = o.Default
			}
			out["backlog"] = append(out["backlog"], component.Bound{Name: o.Name + " of " + d.Name, Value: value})
		}
	}
	if limit := limitOf(v, plan.Name); limit > 0 {
		out["backlog"] = append(out["backlog"], component.Bound{Name: "RSS at which the lane is killed (limit)", Value: chart.Bytes(float64(limit))})
	}
	return out
}

func limitOf(v run.View, lane string) uint64 {
	if i := laneIndex(v, lane); i >= 0 {
		return v.Sample.Lanes[i].Limit
	}
	return 0
}

func bufferText(bytes int) string {
	if bytes < 0 {
		return "as the system gives it"
	}
	return chart.Bytes(float64(bytes)) + " asked for"
}

// isPubSub tells a source that keeps nothing from a stream.
func isPubSub(plan script.Lane) bool { return plan.Source == "redis-pubsub" }

// accountOver is the picture of a lane's parts over time, for a page that has it
// opened: ?width= pixels.
func (s *Site) accountOver(w http.ResponseWriter, r *http.Request) {
	v := s.o.Control.View()
	i := laneIndex(v, r.PathValue("lane"))
	if i < 0 {
		s.noLane(w, r, r.PathValue("lane"))
		return
	}
	width, err := strconv.ParseFloat(r.URL.Query().Get("width"), 64)
	if err != nil {
		width = paintWidth
	}
	m := chart.StackModel{Width: width, Height: overHeight, TopBytes: float64(s.accounts.full(v))}
	m.From, m.To = chart.Window(v.Elapsed.Seconds(), deathsOf(v))
	m.Keys, _ = component.PartsOf(wire.Account{})
	for _, p := range s.accounts.of(v.RunID, v.Lanes[i].Name) {
		_, parts := component.PartsOf(p.account)
		m.Times, m.Parts = append(m.Times, p.seconds), append(m.Parts, parts)
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, component.OverTime(chart.LayStack(m)))
}

// overHeight is the height of that picture, in pixels.
const overHeight = 200
