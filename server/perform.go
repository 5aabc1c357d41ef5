package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"spillway/scenarios/script"
	"spillway/server/internal/headless"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
)

// laneHost is where lanes listen: nobody reads them but the readers beside.
const laneHost = "127.0.0.1"

// perform plays a scenario and returns its recording. An error beside it says
// why the run failed; without a recording it never began.
func (p *playing) perform(ctx context.Context, i int, s script.Scenario) (*record.Recording, error) {
	tape, err := openTape(p.out.name(p.out.record, i))
	if err != nil {
		return nil, err
	}
	defer tape.Close()
	var last run.View
	p.display.Begin(headless.Length(s))
	player := headless.New(headless.Options{
		Record: func(first run.View) (headless.Recorder, error) {
			return record.NewWriter(tape, record.HeaderOf(first, p.command(p.files[i]), p.environment()))
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
	if err != nil {
		return nil, err
	}
	end := player.Play(ctx, control)
	p.display.End(last)
	if end.Ending == record.Failed {
		err = fmt.Errorf("%s: %s", s.Name, end.Why)
	}
	rec, readErr := tape.read()
	if readErr != nil {
		if err == nil {
			err = fmt.Errorf("read what was recorded: %w", readErr)
		}
		return nil, err
	}
	return rec, err
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

func (t *tape) read() (*record.Recording, error) {
	var from io.Reader = &t.Buffer
	if t.file != nil {
		if _, err := t.file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		from = t.file
	}
	return record.Read(from, record.ReadOptions{Vocabulary: run.Vocabulary})
}
