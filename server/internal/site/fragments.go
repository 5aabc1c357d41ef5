package site

import (
	"bytes"
	"context"
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

// frames are all fragments there are. h.mu is held.
func (h *hub) frames() map[string][]byte {
	all := make(map[string][]byte, len(h.fragments))
	for id, f := range h.fragments {
		all[id] = f.frame
	}
	return all
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
	for _, l := range view.Lanes {
		status, say := statusOfLane(l), sayOf(l)
		draw("status-"+l.Name, status, func() templ.Component { return component.StatusPill(status) })
		draw("say-"+l.Name, say, func() templ.Component { return component.SaySentence(say) })
	}
	verdict, notice := verdictOf(view), noticeOf(view)
	draw("verdict", verdict, func() templ.Component { return component.VerdictBody(verdict) })
	draw("notice", notice, func() templ.Component { return component.NoticeBody(notice) })
	draw("log", logModel{view.RunID, len(view.Log), last(view.Log)}, func() templ.Component { return component.LogEntries(entriesOf(view)) })
	return fresh
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
