package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/server/internal/threshold"
	"spillway/wasm/wire"
)

// state is a View and what it takes to read the next line into it.
type state struct {
	run.View
	groups [][]string // of readers, by lane
}

// part is one member of the words of a View.
type part struct {
	name string
	of   func(*state) any
	into func(*state, []byte) error // replaces what it sets, because older views share it
}

// scalar is a part that is written as it is.
func scalar[T any](name string, at func(*state) *T) part {
	return part{
		name: name,
		of:   func(s *state) any { return *at(s) },
		into: func(s *state, text []byte) error {
			var v T
			if err := json.Unmarshal(text, &v); err != nil {
				return err
			}
			*at(s) = v
			return nil
		},
	}
}

// mirrored is a part that has a type of its own in the file.
func mirrored[T any](name string, of func(*state) T, into func(*state, T)) part {
	return part{
		name: name,
		of:   func(s *state) any { return of(s) },
		into: func(s *state, text []byte) error {
			var v T
			if err := json.Unmarshal(text, &v); err != nil {
				return err
			}
			into(s, v)
			return nil
		},
	}
}

// parts are the words of a View: all of it but its scenario, its clocks, its
// sample and its log.
var parts = []part{
	scalar("version", func(s *state) *uint64 { return &s.Version }),
	scalar("marks", func(s *state) *uint64 { return &s.Marks }),
	scalar("state", func(s *state) *wire.State { return &s.State }),
	scalar("broker", func(s *state) *run.BrokerKind { return &s.Broker }),
	scalar("lost", func(s *state) *uint64 { return &s.Lost }),
	scalar("groups", func(s *state) *[][]string { return &s.groups }),
	mirrored("startedAt",
		func(s *state) time.Time { return s.StartedAt.UTC() },
		func(s *state, t time.Time) { s.StartedAt = t.UTC() }),
	mirrored("settings",
		func(s *state) settingsWords { return settingsOf(s.Settings) },
		func(s *state, w settingsWords) { s.Settings = w.settings() }),
	mirrored("lanes",
		func(s *state) list[laneWords] { return lanesOf(s.Lanes) },
		func(s *state, w list[laneWords]) {
			s.Lanes = converted[[]run.LaneView](w, laneWords.lane)
			for i := range s.Lanes {
				s.Lanes[i].Plan, _ = s.Scenario.Lane(s.Lanes[i].Name)
			}
		}),
	mirrored("verdict",
		func(s *state) verdictWords { return verdictWords(s.Verdict) },
		func(s *state, w verdictWords) { s.Verdict = run.Verdict(w) }),
	mirrored("notice",
		func(s *state) noticeWords { return noticeWords(s.Notice) },
		func(s *state, w noticeWords) { s.Notice = run.Notice(w) }),
	mirrored("script",
		func(s *state) scriptWords { return scriptOf(s.Script) },
		func(s *state, w scriptWords) { w.into(&s.Script) }),
	mirrored("steps",
		func(s *state) list[stepWords] { return stepsOf(s.Script.Steps) },
		func(s *state, w list[stepWords]) {
			s.Script.Steps = converted[[]play.Step](w, func(w stepWords) play.Step { return play.Step(w) })
		}),
	mirrored("checks",
		func(s *state) list[checkWords] { return checksOf(s.Checks) },
		func(s *state, w list[checkWords]) {
			s.Checks = converted[[]threshold.Verdict](w, func(w checkWords) threshold.Verdict { return threshold.Verdict(w) })
		}),
}

// treeOf is the words of s as JSON values.
func treeOf(s *state) (map[string]any, error) {
	all := make(map[string]any, len(parts))
	for _, p := range parts {
		all[p.name] = p.of(s)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encode a view: %w", err)
	}
	return parseTree(text)
}

// parseTree keeps numbers as they are written.
func parseTree(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	return tree, nil
}

// list is written as an object with the places as its keys, {"0":…,"1":…}, so
// that a change of one element does not repeat the others.
type list[T any] []T

// maxList bounds lists; scenarios are bounded far below it.
const maxList = 4096

// MarshalJSON writes the object.
func (l list[T]) MarshalJSON() ([]byte, error) {
	byPlace := make(map[string]T, len(l))
	for i, v := range l {
		byPlace[strconv.Itoa(i)] = v
	}
	return json.Marshal(byPlace)
}

// UnmarshalJSON reads it; each place from 0 on must be there.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	var byPlace map[string]T
	if err := json.Unmarshal(text, &byPlace); err != nil {
		return err
	}
	if len(byPlace) > maxList {
		return fmt.Errorf("a list of %d", len(byPlace))
	}
	*l = nil
	for i := range len(byPlace) {
		v, ok := byPlace[strconv.Itoa(i)]
		if !ok {
			return fmt.Errorf("a list of %d has no place %d", len(byPlace), i)
		}
		*l = append(*l, v)
	}
	return nil
}
