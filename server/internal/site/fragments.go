package site

import (
	"bytes"
	"context"
	"maps"
	"reflect"

	"github.com/a-h/templ"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/component"
)

// fragment is a part of the page and what it was rendered from.
type fragment struct {
	model any
	frame []byte
}

// noteID is the fragment that only those get who steer: the speaker's notes.
const noteID = "note"

// frames are all fragments there are. h.mu is held.
func (h *hub) frames() map[string][]byte {
	all := make(map[string][]byte, len(h.fragments))
	for id, f := range h.fragments {
		all[id] = f.frame
	}
	return all
}

// shownTo are the fragments for a class of viewers.
func shownTo(steer bool, all map[string][]byte) map[string][]byte {
	if _, ok := all[noteID]; steer || !ok {
		return all
	}
	out := maps.Clone(all)
	delete(out, noteID)
	return out
}

// render draws the parts of the page whose models have changed.
func (h *hub) render(ctx context.Context, view run.View) map[string][]byte {
	fresh := make(map[string][]byte)
	draw := func(id string, model any, c func() templ.Component) {
		if old, ok := h.fragments[id]; ok && reflect.DeepEqual(old.model, model) {
			return
		}
		var html bytes.Buffer
		if err := c().Render(ctx, &html); err != nil {
			h.site.log.Error("render fragment", "id", id, "err", err)
			return
		}
		frame := wire.Append(nil, &wire.Fragment{ID: id, HTML: html.String()})
		h.fragments[id] = fragment{model, frame}
		fresh[id] = frame
	}
	full := h.site.accounts.full(view)
	for i, l := range view.Lanes {
		h.drawAccount(draw, view, i, full)
		status, say := statusOfLane(l), sayOf(l)
		draw("status-"+l.Name, status, func() templ.Component { return component.StatusPill(status) })
		draw("say-"+l.Name, say, func() templ.Component { return component.SaySentence(say) })
		if hop := hopOf(view, i); hop != "" {
			draw("hop-"+l.Name, hop, func() templ.Component { return component.HopText(hop) })
		}
		if h.site.o.Looking != nil {
			now, cost := codeNowOf(l), codeCostOf(l)
			draw("code-"+l.Name, now, func() templ.Component { return component.CodeNowBody(now) })
			draw("code-cost-"+l.Name, cost, func() templ.Component { return component.CodeCostText(cost) })
		}
	}
	verdict, notice := verdictOf(view), noticeOf(view)
	draw("verdict", verdict, func() templ.Component { return component.VerdictBody(verdict) })
	draw("notice", notice, func() templ.Component { return component.NoticeBody(notice) })
	h.drawScript(draw, view)
	draw("log", logModel{view.RunID, len(view.Log), last(view.Log)}, func() templ.Component { return component.LogEntries(entriesOf(view)) })
	return fresh
}

// drawAccount draws where the bytes of a lane are, and what bounds them.
func (h *hub) drawAccount(draw func(string, any, func() templ.Component), view run.View, i int, full uint64) {
	band := bandOf(view, i, full)
	draw("band-"+band.Lane, band, func() templ.Component { return component.BandBody(band) })
	bounds := boundsOf(view, view.Lanes[i].Plan)
	for _, p := range component.Parts {
		if of := bounds[p.Key]; of != nil {
			draw(component.BoundsID(band.Lane, p.Key), of, func() templ.Component { return component.BoundsBody(of, p) })
		}
	}
}

// drawScript draws the parts that follow the steps.
func (h *hub) drawScript(draw func(string, any, func() templ.Component), view run.View) {
	clock := clockOf(view)
	draw("script-clock", clock, func() templ.Component { return component.ScriptClockText(clock) })
	if h.site.o.Replay != nil {
		state := replayStateOf(h.site.o.Replay.State())
		draw("replay-state", state, func() templ.Component { return component.ReplayStateBody(state) })
	}
	if _, ok := h.fragments["script"]; ok && view.Version == h.drawn {
		return // the words are those of the last time
	}
	h.drawn = view.Version
	script, ask, checks := h.site.scriptOf(view), askOf(view), checksOf(view)
	draw("script", script, func() templ.Component { return component.ScriptBody(script) })
	draw("steps", script.Steps, func() templ.Component { return component.StepList(script.Steps) })
	draw("ask", ask, func() templ.Component { return component.AskBody(ask) })
	draw(noteID, view.Script.Note, func() templ.Component { return component.NoteBody(view.Script.Note) })
	draw("checks-count", checks, func() templ.Component { return component.CheckCount(checks) })
	draw("checks", checks, func() templ.Component { return component.CheckList(checks) })
}

// logModel stands for a log without comparing all of it.
type logModel struct {
	runID  string
	length int
	last   run.Entry
}

func last(log []run.Entry) run.Entry {
	if len(log) == 0 {
		return run.Entry{}
	}
	return log[len(log)-1]
}
