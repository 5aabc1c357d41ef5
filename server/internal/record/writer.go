package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

const (
	// wordsEvery is how often words are compared though the View says that they
	// have not changed.
	wordsEvery = time.Second
	// agesEvery is how often the ages of all messages so far are written. Whoever
	// reads them wants the last ones; the others are for a recording that tears.
	agesEvery = time.Minute
)

// Errors of a Writer.
var (
	ErrOtherRun = errors.New("the view is of another run; a recording holds one")
	ErrEnded    = errors.New("the recording has ended")
)

// Writer writes a run down, one line for each moment, and each line with one
// Write. It keeps the newest View. Not safe for concurrent use.
type Writer struct {
	out    io.Writer
	header []byte
	runID  string
	err    error

	begun  bool // out holds a moment that the next one may build on
	last   state
	t      int64 // microseconds of the last line
	clock  int64
	tree   map[string]any // the words as they were written last
	sample []byte         // likewise
	words  time.Duration  // elapsed when words were compared last
	ages   time.Duration  // elapsed when ages were written last
	marks  map[string][]wire.HistoryMark
	ghosts *int64 // microseconds of the run at which the ghosts begin; nil before
}

// NewWriter begins a recording with its header. An error of w ends it: it is
// returned here and by everything that follows.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Format, h.Version, h.Columns = format, Version, columns()
	header, err := appendJSON(nil, h)
	if err != nil {
		return nil, fmt.Errorf("encode the header of the recording: %w", err)
	}
	if len(header) >= maxHeaderBytes {
		return nil, fmt.Errorf("the scenario and the files it names are too large for a recording: %d bytes, at most %d", len(header), maxHeaderBytes)
	}
	out := &Writer{header: append(header, '\n'), runID: h.RunID, marks: make(map[string][]wire.HistoryMark)}
	return out, out.continueIn(w)
}

// continueIn writes the header to out and goes on there with a moment that needs
// none before it.
func (w *Writer) continueIn(out io.Writer) error {
	w.out, w.begun = out, false
	if _, err := out.Write(w.header); err != nil {
		w.err = fmt.Errorf("write the header of the recording: %w", err)
	}
	return w.err
}

// Take writes down what is new in v, and nothing where nothing is. It is called
// for every sample and whenever something changed. history is asked for marks,
// only when View.Marks has changed; nil is none. A View of another run is
// refused with [ErrOtherRun]: the caller ends this recording and begins another.
func (w *Writer) Take(v run.View, history func() wire.History) error {
	if w.err != nil {
		return w.err
	}
	if v.RunID != w.runID {
		return ErrOtherRun
	}
	next := state{View: v, groups: groupsOf(&v)}
	w.t = max(w.t, v.Elapsed.Microseconds())
	var marks []markWords
	ghosts := w.ghosts
	if history != nil && v.Marks != w.last.Marks {
		h := history()
		marks = w.newMarks(v, h)
		w.ghosts = ghostsAt(v.Scenario, v.Lanes, h)
	}
	return w.moment(next, marks, w.ghosts != nil && ghosts == nil, false)
}

// Remark writes down something about the recording itself.
func (w *Writer) Remark(text string) error {
	if w.err != nil {
		return w.err
	}
	return w.write(w.member(w.open(), "remark", text))
}

// End writes down how the run ended. why is of Failed and Aborted, in words.
// Nothing can be written afterwards.
func (w *Writer) End(e Ending, why string) error {
	if w.err != nil {
		return w.err
	}
	if w.begun {
		if err := w.moment(w.last, nil, false, true); err != nil {
			return err
		}
	}
	err := w.write(w.member(w.open(), "end", endWords{e, why}))
	if w.err == nil {
		w.err = ErrEnded
	}
	return err
}

// moment writes a line for next; final repeats what is written now and then.
func (w *Writer) moment(next state, marks []markWords, ghosts, final bool) error {
	whole := !w.begun
	buf := w.open()
	start := len(buf)
	if whole {
		buf = append(buf, `,"whole":true`...)
		marks, ghosts = w.allMarks(next.View), w.ghosts != nil
	}
	buf = w.appendWords(buf, &next, whole || final)
	buf = w.appendLog(buf, next.Log, whole)
	if len(marks) > 0 {
		buf = w.member(buf, "marks", marks)
	}
	if ghosts {
		buf = w.member(buf, "ghostsAt", *w.ghosts)
	}
	buf = w.appendSample(buf, &next, whole, final)
	if w.err != nil {
		return w.err
	}
	w.last, w.begun = next, true
	if len(buf) == start {
		return nil // nothing has changed but the time
	}
	if clock := next.Script.Clock.Microseconds(); whole || clock != w.clock {
		w.clock = clock
		buf = strconv.AppendInt(append(buf, `,"clock":`...), clock, 10)
	}
	return w.write(buf)
}

func (w *Writer) appendWords(buf []byte, next *state, always bool) []byte {
	before := &w.last
	if !always && next.Version == before.Version && next.Marks == before.Marks && next.State == before.State &&
		reflect.DeepEqual(next.groups, before.groups) && next.Elapsed-w.words < wordsEvery {
		return buf
	}
	w.words = next.Elapsed
	tree, err := treeOf(next)
	if err != nil {
		w.err = err
		return buf
	}
	if !w.begun {
		w.tree = nil
	}
	patch := difference(w.tree, tree)
	w.tree = tree
	if len(patch) == 0 {
		return buf
	}
	return w.member(buf, "words", patch)
}

func (w *Writer) appendLog(buf []byte, log []run.Entry, whole bool) []byte {
	added := log
	if !whole {
		var forgot int
		if forgot, added = fresh(w.last.Log, log); forgot > 0 {
			buf = w.member(buf, "forgot", forgot)
		}
	}
	if len(added) == 0 {
		return buf
	}
	return w.member(buf, "log", converted[[]entryWords](added, func(e run.Entry) entryWords { return entryWords(e) }))
}

func (w *Writer) appendSample(buf []byte, next *state, whole, final bool) []byte {
	sample := appendSample(nil, &next.View)
	var ages [][][]uint64
	if final || next.Elapsed-w.ages >= agesEvery {
		w.ages = next.Elapsed
		ages = agesOf(&next.View)
	}
	accounts := whole || accountsDiffer(&w.last.View, &next.View)
	if accounts || ages != nil || !bytes.Equal(sample, w.sample) {
		w.sample = sample
		buf = append(append(buf, `,"sample":`...), sample...)
	}
	if ages != nil {
		buf = w.member(buf, "ages", ages)
	}
	if accounts {
		buf = appendAccounts(append(buf, `,"accounts":`...), &next.View)
	}
	return buf
}

// newMarks are those of a history that were not there before. What is later
// than the View is left for a later one.
func (w *Writer) newMarks(v run.View, h wire.History) []markWords {
	var out []markWords
	for i := range min(len(v.Lanes), len(h.Lanes)) {
		name := v.Lanes[i].Name
		var now []wire.HistoryMark
		for _, m := range h.Lanes[i].Marks {
			if m.ElapsedMicros > uint64(w.t) {
				continue
			}
			now = append(now, m)
			if !slices.Contains(w.marks[name], m) {
				out = append(out, markOf(name, m))
			}
		}
		w.marks[name] = now
	}
	return out
}

func (w *Writer) allMarks(v run.View) []markWords {
	var out []markWords
	for _, l := range v.Lanes {
		for _, m := range w.marks[l.Name] {
			out = append(out, markOf(l.Name, m))
		}
	}
	return out
}

// open begins a line.
func (w *Writer) open() []byte { return strconv.AppendInt([]byte(`{"t":`), w.t, 10) }

// member appends a member to an object.
func (w *Writer) member(buf []byte, name string, value any) []byte {
	buf, err := appendJSON(append(append(append(buf, `,"`...), name...), `":`...), value)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encode %s of the recording: %w", name, err)
	}
	return buf
}

// write closes a line and writes it.
func (w *Writer) write(buf []byte) error {
	if w.err != nil {
		return w.err
	}
	buf = append(buf, '}', '\n')
	if len(buf) > maxLineBytes {
		w.err = fmt.Errorf("write the recording: a line of %d bytes, at most %d", len(buf), maxLineBytes)
		return w.err
	}
	if _, err := w.out.Write(buf); err != nil {
		w.err = fmt.Errorf("write the recording: %w", err)
	}
	return w.err
}

// appendJSON appends value as JSON that a person can read: < and > stay.
func appendJSON(dst []byte, value any) ([]byte, error) {
	out := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return dst, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
