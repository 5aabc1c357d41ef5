package record

import (
	"encoding/json"
	"fmt"
	"slices"

	"spillway/server/internal/metric"
	"spillway/server/internal/run"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// Bounds of a sample; both are above what a scenario may have.
const (
	maxLanes  = 16
	maxGroups = 32
)

// appendSample appends the numbers of v:
//
//	{"run":[…],"lanes":[[…],…],"readers":[[[…],…],…]}
//
// lanes has a row for each lane, readers for each lane a row for each group.
// readers is left out where v has no Extra.
func appendSample(dst []byte, v *run.View) []byte {
	dst = appendRow(append(dst, `{"run":`...), runColumns, &v.Sample)
	dst = append(dst, `,"lanes":[`...)
	for i := range v.Sample.Lanes {
		row := laneRow{LaneSample: v.Sample.Lanes[i]}
		if i < len(v.Extra) {
			row.Lane = v.Extra[i]
		}
		dst = appendRow(separate(dst, i), laneColumns, &row)
	}
	dst = append(dst, ']')
	if len(v.Extra) > 0 {
		dst = append(dst, `,"readers":[`...)
		for i := range v.Extra {
			dst = append(separate(dst, i), '[')
			for k := range v.Extra[i].Readers {
				dst = appendRow(separate(dst, k), readerColumns, &v.Extra[i].Readers[k])
			}
			dst = append(dst, ']')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func separate(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// sampleText is a sample before its columns are looked up.
type sampleText struct {
	Run     json.RawMessage     `json:"run"`
	Lanes   []json.RawMessage   `json:"lanes"`
	Readers [][]json.RawMessage `json:"readers"`
}

// layouts are the columns of a file.
type layouts struct {
	run    []*column[wire.Sample]
	lane   []*column[laneRow]
	reader []*column[metric.Readers]

	account []*column[wire.Account]
}

func layoutsOf(c Columns) layouts {
	return layouts{layout(runColumns, c.Run), layout(laneColumns, c.Lane), layout(readerColumns, c.Reader), layout(accountColumns, c.Account)}
}

// into makes new slices of v for the numbers of t. groups names the readers of
// each lane.
func (t *sampleText) into(v *run.View, by layouts, groups [][]string) error {
	if len(t.Lanes) > maxLanes || len(t.Readers) > len(t.Lanes) {
		return fmt.Errorf("a sample of %d lanes, and readers of %d", len(t.Lanes), len(t.Readers))
	}
	v.Sample, v.Extra = wire.Sample{}, nil
	if err := readRow(t.Run, by.run, &v.Sample); err != nil {
		return err
	}
	v.Sample.Lanes = make([]wire.LaneSample, len(t.Lanes))
	if len(t.Readers) > 0 {
		v.Extra = make([]metric.Lane, len(t.Readers))
	}
	for i, text := range t.Lanes {
		var row laneRow
		if err := readRow(text, by.lane, &row); err != nil {
			return fmt.Errorf("lane %d: %w", i, err)
		}
		v.Sample.Lanes[i] = row.LaneSample
		if i >= len(t.Readers) {
			continue
		}
		readers, err := readersOf(t.Readers[i], by.reader, groups, i)
		if err != nil {
			return fmt.Errorf("lane %d: %w", i, err)
		}
		row.Lane.Readers = readers
		v.Extra[i] = row.Lane
	}
	return nil
}

func readersOf(rows []json.RawMessage, by []*column[metric.Readers], groups [][]string, lane int) ([]metric.Readers, error) {
	if len(rows) > maxGroups {
		return nil, fmt.Errorf("%d groups of readers", len(rows))
	}
	var out []metric.Readers
	if len(rows) > 0 {
		out = make([]metric.Readers, len(rows))
	}
	for i, row := range rows {
		if lane < len(groups) && i < len(groups[lane]) {
			out[i].Group = groups[lane][i]
		}
		if err := readRow(row, by, &out[i]); err != nil {
			return nil, fmt.Errorf("group %d of readers: %w", i, err)
		}
	}
	return out, nil
}

// groupsOf are the names of the groups of readers, by lane.
func groupsOf(v *run.View) [][]string {
	var out [][]string
	for _, l := range v.Extra {
		names := []string{}
		for _, r := range l.Readers {
			names = append(names, r.Group)
		}
		out = append(out, names)
	}
	return out
}

// agesOf are the histograms of v by lane and group, each as bucket, count,
// bucket, count … (see reader.Histogram); null where there is none.
func agesOf(v *run.View) [][][]uint64 {
	var out [][][]uint64
	some := false
	for _, l := range v.Extra {
		lane := make([][]uint64, len(l.Readers))
		for i, r := range l.Readers {
			if r.Ages == nil {
				continue
			}
			some = true
			lane[i] = []uint64{}
			for bucket, n := range r.Ages.All {
				lane[i] = append(lane[i], uint64(bucket), n)
			}
		}
		out = append(out, lane)
	}
	if !some {
		return nil
	}
	return out
}

// setAges puts histograms into the Extra of v, which nobody else has yet.
func setAges(v *run.View, ages [][][]uint64) {
	for i, lane := range ages[:min(len(ages), len(v.Extra))] {
		readers := v.Extra[i].Readers
		for k, pairs := range lane[:min(len(lane), len(readers))] {
			if pairs == nil {
				continue
			}
			h := new(reader.Histogram)
			for pair := range slices.Chunk(pairs, 2) {
				if len(pair) == 2 {
					h.Add(int(min(pair[0], maxBucket)), pair[1])
				}
			}
			readers[k].Ages = h
		}
	}
}

// maxBucket keeps a bucket that no histogram has from turning negative.
const maxBucket = 1 << 20
