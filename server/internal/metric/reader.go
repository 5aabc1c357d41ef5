package metric

import (
	"slices"

	"spillway/scenarios/script"
	"spillway/wasm/reader"
)

// Reader reads metrics by their names in scenarios. It knows the lanes and
// groups of one scenario, and of earlier snapshots as much as a value over the
// last second takes. It is not safe for concurrent use.
type Reader struct {
	lanes  []string
	groups []string
	cpu    []window // by lane
}

// NewReader makes a Reader for snapshots of runs of s.
func NewReader(s script.Scenario) *Reader {
	r := &Reader{cpu: make([]window, len(s.Lanes))}
	for _, l := range s.Lanes {
		r.lanes = append(r.lanes, l.Name)
	}
	for _, g := range s.Crowd() {
		r.groups = append(r.groups, g.Name)
	}
	r.groups = append(r.groups, script.You)
	return r
}

// Value is the metric at the moment of the snapshot. It is false where the
// selector names nothing of this scenario or leaves open whose value is meant,
// and where there is no value: of a lane that does not run, before the first
// end, before the first message.
//
// Values over the last second need earlier snapshots: the Reader remembers
// those that it was shown, here or by [Reader.Look].
func (r *Reader) Value(s Snapshot, of script.Selector) (float64, bool) {
	r.Look(s)
	p, ok := r.Probe(of)
	if !ok {
		return 0, false
	}
	return p.Value(s)
}

// Look remembers what later values need of a snapshot. The same one may be shown
// again; one from before the last begins a new run.
func (r *Reader) Look(s Snapshot) {
	for i := range min(len(r.cpu), len(s.Lanes), len(s.Sample.Lanes)) {
		r.cpu[i].add(s.Sample.ElapsedMicros, s.Lanes[i].CPUMicros)
	}
}

// Probe is one metric of one lane or group, found once and read often.
type Probe struct {
	Definition
	reader      *Reader
	lane, group int // -1: none
}

// Probe finds what a selector means. It is false where it names nothing of this
// scenario or leaves open whose value is meant.
func (r *Reader) Probe(of script.Selector) (Probe, bool) {
	d, ok := Find(of.Metric)
	p := Probe{d, r, slices.Index(r.lanes, of.Lane), slices.Index(r.groups, of.Reader)}
	switch {
	case !ok,
		d.Lane != (p.lane >= 0), !d.Lane && of.Lane != "",
		!d.Reader && of.Reader != "", d.Reader && !d.Whole && p.group < 0, of.Reader != "" && p.group < 0:
		return Probe{}, false
	}
	return p, true
}

// Value is the metric at the moment of the snapshot, or false. Whoever reads
// cpu shows every snapshot to [Reader.Look] first.
func (p Probe) Value(s Snapshot) (float64, bool) {
	at, ok := p.place(s)
	if !ok {
		return 0, false
	}
	return p.read(at)
}

// Ages are those of a trend so far, or nil.
func (p Probe) Ages(s Snapshot) *reader.Histogram {
	at, ok := p.place(s)
	if !ok || at.readers == nil {
		return nil
	}
	return at.readers.Ages
}

// place finds the part of the snapshot; false where it does not reach so far.
func (p Probe) place(s Snapshot) (place, bool) {
	at := place{run: &s.Sample}
	if p.lane < 0 {
		return at, true
	}
	if p.lane >= len(s.Lanes) || p.lane >= len(s.Sample.Lanes) {
		return at, false
	}
	at.lane, at.extra, at.cpu = &s.Sample.Lanes[p.lane], &s.Lanes[p.lane], &p.reader.cpu[p.lane]
	if p.group < 0 {
		return at, true
	}
	name := p.reader.groups[p.group]
	for i := range at.extra.Readers {
		if at.extra.Readers[i].Group == name {
			at.readers = &at.extra.Readers[i]
		}
	}
	return at, at.readers != nil
}
