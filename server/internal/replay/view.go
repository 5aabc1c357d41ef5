package replay

import (
	"time"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

const (
	// historyLength is how far curves go back, as in a run.
	historyLength = 5 * time.Minute
	// historyPoints is what a page keeps of each curve.
	historyPoints = 3000
	// epochBits leave room for what the recording counts: the lower bits of
	// View.Version and View.Marks are the recorded ones, the higher ones say how
	// often the Player was moved. So both differ after each seek, and the hub
	// sends fragments and curves anew. 2^21 seeks still are whole numbers in
	// JavaScript.
	epochBits = 32
)

// View is the moment that is shown. Its lanes have neither process nor port,
// because nothing can be read from them; its sample is as fresh as it looks.
func (p *Player) View() run.View {
	p.mu.Lock()
	v := p.rec.Moments[p.at]
	changes, seeks, shown := p.changes, p.seeks, p.shown
	p.mu.Unlock()

	v.Version = changes<<epochBits | v.Version&(1<<epochBits-1)
	v.Marks = seeks<<epochBits | v.Marks&(1<<epochBits-1)
	v.Sample.TakenAtMicros = shown.UnixMicro()
	lanes := make([]run.LaneView, len(v.Lanes))
	for i, l := range v.Lanes {
		l.PID, l.Port = 0, 0
		lanes[i] = l
	}
	v.Lanes = lanes
	return v
}

// History is the curves of the last five minutes before the moment that is
// shown.
func (p *Player) History() wire.History {
	p.mu.Lock()
	at := p.at
	p.mu.Unlock()
	now := p.rec.Moments[at]
	h := wire.History{Lanes: make([]wire.LaneHistory, len(now.Lanes))}
	first := p.index(now.Elapsed - historyLength)
	for i := range h.Lanes {
		h.Lanes[i].Points = points(p.rec.Moments[first:at+1], i)
		if i < len(p.rec.Marks) {
			h.Lanes[i].Marks = marks(p.rec.Marks[i].Marks, uint64(now.Elapsed.Microseconds()))
			if ghost := p.rec.Marks[i].Ghost; len(ghost) > 0 && ghost[0].ElapsedMicros <= uint64(now.Elapsed.Microseconds()) {
				h.Lanes[i].Ghost = ghost
			}
		}
	}
	return h
}

// points are those of one lane while it ran, of each sample one, the newest.
func points(moments []run.View, lane int) []wire.HistoryPoint {
	out := make([]wire.HistoryPoint, 0, min(len(moments), historyPoints))
	last := uint64(0)
	for _, v := range moments {
		if lane >= len(v.Sample.Lanes) || len(out) > 0 && v.Sample.ElapsedMicros <= last {
			continue
		}
		s := &v.Sample.Lanes[lane]
		if s.State != wire.StateRunning || s.RSS == 0 {
			continue
		}
		last = v.Sample.ElapsedMicros
		out = append(out, wire.HistoryPoint{ElapsedMicros: last, RSS: s.RSS, HeapInUse: s.HeapInUse, HeapTotal: s.HeapTotal})
	}
	return out[max(0, len(out)-historyPoints):]
}

// marks are those until a time.
func marks(all []wire.HistoryMark, until uint64) []wire.HistoryMark {
	var out []wire.HistoryMark
	for _, m := range all {
		if m.ElapsedMicros <= until {
			out = append(out, m)
		}
	}
	return out
}
