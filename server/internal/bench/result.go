package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Results are what one call has measured, and what the README's tables are made
// from.
type Results struct {
	Machine Machine `json:"machine"`
	Works   []Work  `json:"works"`
}

// Work is one load and what every peer made of it.
type Work struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	Baseline string    `json:"baseline"` // name of a peer, or empty
	Measures []Measure `json:"measures"`
	Peers    []Peer    `json:"peers"`
}

// Measure is one thing that is measured of every peer.
type Measure struct {
	Name   string `json:"name"`
	Ratio  bool   `json:"ratio,omitempty"` // is shown in relation to the baseline of the same run
	Digits int    `json:"digits"`          // behind the point
}

// Peer is one that did the work.
type Peer struct {
	Name  string               `json:"name"`
	Title string               `json:"title"`
	Runs  map[string][]float64 `json:"runs"` // by measure, a value for each run
}

// Spread is the middle of several values and how far they lie apart.
type Spread struct{ Median, Min, Max float64 }

// SpreadOf is zero for no values. Between two middle values lies their mean.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Spread{(sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// Ratios divides the peer's values by those of the baseline, run by run. It is
// nil where there is no baseline, or one that had nothing in some run.
func (w Work) Ratios(p Peer, measure string) []float64 {
	at := slices.IndexFunc(w.Peers, func(other Peer) bool { return other.Name == w.Baseline })
	if at < 0 || len(w.Peers[at].Runs[measure]) != len(p.Runs[measure]) {
		return nil
	}
	var all []float64
	for i, base := range w.Peers[at].Runs[measure] {
		if base == 0 {
			return nil
		}
		all = append(all, p.Runs[measure][i]/base)
	}
	return all
}

// count is how many runs the work had.
func (w Work) count() int {
	n := 0
	for _, p := range w.Peers {
		for _, values := range p.Runs {
			n = max(n, len(values))
		}
	}
	return n
}

// with puts the works of newer into r, in the place of those of the same name.
// What another machine measured does not stand beside them.
func (r Results) with(newer Results) Results {
	if r.Machine != newer.Machine {
		return newer
	}
	out := Results{newer.Machine, slices.Clone(r.Works)}
	for _, w := range newer.Works {
		at := slices.IndexFunc(out.Works, func(old Work) bool { return old.Name == w.Name })
		if at < 0 {
			out.Works = append(out.Works, w)
		} else {
			out.Works[at] = w
		}
	}
	slices.SortStableFunc(out.Works, func(a, b Work) int { return place(a.Name) - place(b.Name) })
	return out
}

// Read reads a file of results; one that does not exist has none.
func Read(path string) (Results, error) {
	var r Results
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read results: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read results from %s: %w", path, err)
	}
	return r, nil
}

// Write writes r to path. Works that r has not measured stay there, if this
// machine measured them.
func (r Results) Write(path string) (Results, error) {
	old, err := Read(path)
	if err != nil {
		return r, err
	}
	r = old.with(r)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return r, fmt.Errorf("encode results: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return r, fmt.Errorf("write results: %w", err)
	}
	return r, nil
}
