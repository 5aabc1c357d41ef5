package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/headless"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
)

// laneHost is where lanes listen: nobody reads them but the readers beside.
const laneHost = "127.0.0.1"

// perform plays a scenario and returns its recording, which has no moments if
// the run did not get so far. The error is a failure that it does not tell.
func (p *playing) perform(ctx context.Context, i int, s script.Scenario) (*record.Recording, error) {
	empty := func(e headless.End) *record.Recording {
		v := run.View{Scenario: s, StartedAt: time.Now()}
		return &record.Recording{Header: p.header(v, i), Ending: e.Ending, Why: e.Why}
	}
	failed := func(err error) (*record.Recording, error) {
		return empty(headless.End{Ending: record.Failed, Why: err.Error()}), err
	}
	tape, err := openTape(p.out.name(p.out.record, i))
	if err != nil {
		return failed(err)
	}
	defer tape.Close()
	var last run.View
	p.display.Begin(headless.Length(s))
	player := headless.New(headless.Options{
		Record: func(first run.View) (headless.Recorder, error) {
			return record.NewWriter(tape, p.header(first, i))
		},
		Show: func(v run.View) {
			last = v
			p.display.Show(v)
		},
	})
	control, err := run.New(ctx, run.Options{
		Scenario:       s,
		Supervisor:     p.super,
		Broker:         brokerOf(p.redis),
		LaneHost:       laneHost,
		MaxMemoryBytes: p.maxMemory,
		Log:            p.log,
		Observe:        player.Observe,
		Headless:       true,
	})
	switch {
	case err != nil && ctx.Err() != nil: // while the broker was started
		return empty(headless.End{Ending: record.Stopped}), nil
	case err != nil:
		return failed(err)
	}
	end := player.Play(ctx, control)
	p.display.End(last)
	rec, err := tape.read(p.vocabulary)
	switch {
	case err != nil && end.Ending == record.Stopped: // before there was anything to record
		return empty(end), nil
	case err != nil && end.Ending != record.Failed:
		return failed(fmt.Errorf("%s: %w", s.Name, err))
	case err != nil:
		return failed(fmt.Errorf("%s: %s", s.Name, end.Why))
	case end.Ending == record.Failed && rec.Ending != record.Failed: // it could not be written to its end
		return rec, fmt.Errorf("%s: %s", s.Name, end.Why)
	}
	return rec, nil
}

// header is that of the recording of the i-th scenario.
func (p *playing) header(v run.View, i int) record.Header {
	return record.HeaderOf(v, cmp.Or(p.again, p.command(p.files[i])), record.Here(brokerName(p.redis), p.maxMemory))
}

// tape is where a run is written down and read from again: the file a person
// asked for, else memory. Half an hour, the longest a scenario may be, is some
// ten MiB.
type tape struct {
	bytes.Buffer
	file *os.File // nil: memory
}

func openTape(path string) (*tape, error) {
	if path == "" {
		return &tape{}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	return &tape{file: file}, nil
}

// Write writes to the file or into memory.
func (t *tape) Write(text []byte) (int, error) {
	if t.file != nil {
		return t.file.Write(text)
	}
	return t.Buffer.Write(text)
}

// Close closes the file.
func (t *tape) Close() error {
	if t.file != nil {
		return t.file.Close()
	}
	return nil
}

func (t *tape) read(vocabulary func(int64) script.Vocabulary) (*record.Recording, error) {
	var from io.Reader = &t.Buffer
	if t.file != nil {
		if _, err := t.file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		from = t.file
	}
	return record.Read(from, record.ReadOptions{Vocabulary: vocabulary})
}
