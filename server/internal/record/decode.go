package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
	"unsafe"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/run"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// decoder turns lines into moments.
type decoder struct {
	rec    *Recording
	by     layouts
	now    state          // after the last line
	tree   map[string]any // its words
	marks  int
	memory int64 // of the moments, about
	ended  bool
}

func newDecoder(first []byte, o ReadOptions) (*decoder, error) {
	var h Header
	if err := json.Unmarshal(first, &h); err != nil || h.Format != format || h.Version < 1 {
		return nil, ErrForeign
	}
	if h.Version > Version {
		return nil, fmt.Errorf("%w: its format has version %d, and this program reads versions up to %d", ErrNewer, h.Version, Version)
	}
	scenario, err := scenarioOf(h, o)
	if err != nil {
		return nil, fmt.Errorf("read the scenario in the recording: %w", err)
	}
	d := &decoder{rec: &Recording{Header: h, Ending: Torn}, by: layoutsOf(h.Columns), tree: make(map[string]any)}
	d.now.RunID, d.now.Scenario = h.RunID, scenario
	return d, nil
}

// scenarioOf parses the scenario as it was on the day.
func scenarioOf(h Header, o ReadOptions) (script.Scenario, error) {
	return script.Parse(script.File{
		Path: h.Scenario + ".yaml",
		Text: []byte(h.Text),
		Read: func(name string) ([]byte, error) {
			text, ok := h.Files[name]
			if !ok {
				return nil, fmt.Errorf("%q is not in the recording: %w", name, fs.ErrNotExist)
			}
			return []byte(text), nil
		},
	}, o.Vocabulary(h.Environment.MaxMemoryBytes))
}

var (
	errAfterEnd = errors.New("it follows the end")
	errTime     = errors.New("it has no time, or one that is not behind the line before")
	errNoWhole  = errors.New("the first moment is not a whole one")
	errForgot   = errors.New("it forgets more of the log than there is")
	errMarks    = errors.New("there are too many marks")
)

// line reads one line behind the header. After an error the decoder is of no
// further use, but its recording is as it was before the line.
func (d *decoder) line(text []byte) error {
	if d.ended {
		return errAfterEnd
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	if l.T == nil || *l.T < d.now.Elapsed.Microseconds() || *l.T > maxMicros || l.Clock < 0 || l.Clock > maxMicros {
		return errTime
	}
	at := time.Duration(*l.T) * time.Microsecond
	if len(d.rec.Moments) > 0 && at-d.rec.Moments[0].Elapsed > maxLength {
		return ErrTooMuch
	}
	if l.isMoment() {
		if err := d.moment(&l, at); err != nil {
			return err
		}
	}
	if l.Remark != "" {
		d.rec.Remarks = append(d.rec.Remarks, l.Remark)
	}
	if l.End != nil {
		d.rec.Ending, d.rec.Why, d.ended = l.End.Ending, l.End.Why, true
	}
	return nil
}

func (d *decoder) moment(l *line, at time.Duration) error {
	if !l.Whole && len(d.rec.Moments) == 0 {
		return errNoWhole
	}
	next := d.now
	next.Elapsed = at
	if err := d.words(l, &next); err != nil {
		return err
	}
	if l.Clock != 0 || l.Whole {
		next.Script.Clock = time.Duration(l.Clock) * time.Microsecond
	}
	if l.Sample != nil {
		before := next.Sample.Lanes
		if err := l.Sample.into(&next.View, d.by, next.groups); err != nil {
			return err
		}
		setAges(&next.View, l.Ages)
		if err := setAccounts(&next.View, l.Accounts, d.by.account, before); err != nil {
			return err
		}
	}
	log, from, err := d.log(l, &next)
	if err != nil {
		return err
	}
	if d.memory += memoryOf(&next.View, l.Sample != nil); d.memory > maxMemoryBytes || len(d.rec.Moments) >= maxMoments {
		return ErrTooMuch
	}
	if err := d.mark(l, &next); err != nil {
		return err
	}
	if l.Ghosts != nil {
		if *l.Ghosts < 0 || *l.Ghosts > maxMicros {
			return errTime
		}
		for i, lane := range next.Lanes {
			d.rec.Marks[i].Ghost = run.GhostOf(next.Scenario, lane.Name, time.Duration(*l.Ghosts)*time.Microsecond)
		}
	}
	d.rec.Log = log
	next.Log = log[from:len(log):len(log)]
	d.now = next
	if n := len(d.rec.Moments); n > 0 && d.rec.Moments[n-1].Elapsed == at {
		d.rec.Moments[n-1] = next.View // the same moment, told again
	} else {
		d.rec.Moments = append(d.rec.Moments, next.View)
	}
	return nil
}

// words changes the words of next.
func (d *decoder) words(l *line, next *state) error {
	if l.Words == nil && !l.Whole {
		return nil
	}
	patch := make(map[string]any)
	if l.Words != nil {
		var err error
		if patch, err = parseTree(l.Words); err != nil {
			return fmt.Errorf("words: %w", err)
		}
	}
	if l.Whole {
		d.tree = make(map[string]any)
	}
	merge(d.tree, patch)
	for _, p := range parts {
		if _, told := patch[p.name]; !told && !l.Whole {
			continue
		}
		text, err := json.Marshal(d.tree[p.name])
		if err != nil {
			return fmt.Errorf("words: %s: %w", p.name, err)
		}
		if err := p.into(next, text); err != nil {
			return fmt.Errorf("words: %s: %w", p.name, err)
		}
	}
	return nil
}

// log is the log of the recording with the line, and where in it that of the
// moment begins.
func (d *decoder) log(l *line, next *state) (all []run.Entry, from int, err error) {
	entries := converted[[]run.Entry](l.Log, func(e entryWords) run.Entry { return run.Entry(e) })
	forgot := l.Forgot
	if l.Whole {
		forgot, entries = fresh(next.Log, entries)
	}
	if forgot < 0 || forgot > len(next.Log) {
		return nil, 0, errForgot
	}
	from = len(d.rec.Log) - len(next.Log) + forgot
	return append(d.rec.Log, entries...), from, nil
}

// mark adds to the marks of the recording. A whole line tells again what was
// told before.
func (d *decoder) mark(l *line, next *state) error {
	if missing := len(next.Lanes) - len(d.rec.Marks); missing > 0 {
		d.rec.Marks = append(d.rec.Marks, make([]wire.LaneHistory, missing)...)
	}
	for _, m := range l.Marks {
		i := slices.IndexFunc(next.Lanes, func(l run.LaneView) bool { return l.Name == m.Lane })
		if i < 0 {
			return fmt.Errorf("a mark on %.40q, which is no lane", m.Lane)
		}
		if of := &d.rec.Marks[i].Marks; !l.Whole || !slices.Contains(*of, m.mark()) {
			if d.marks++; d.marks > maxMarks {
				return errMarks
			}
			*of = append(*of, m.mark())
		}
	}
	return nil
}

// memoryOf is about what a moment takes that the one before does not have.
func memoryOf(v *run.View, sample bool) int64 {
	bytes := unsafe.Sizeof(*v)
	if sample {
		bytes += uintptr(len(v.Sample.Lanes)) * unsafe.Sizeof(laneRow{})
		for _, l := range v.Extra {
			for _, r := range l.Readers {
				bytes += unsafe.Sizeof(metric.Readers{})
				if r.Ages != nil {
					bytes += unsafe.Sizeof(reader.Histogram{})
				}
			}
		}
	}
	return int64(bytes)
}
