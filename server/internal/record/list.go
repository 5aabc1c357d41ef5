package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Info is a recording in a list.
type Info struct {
	ID        string
	Scenario  string // its name
	Title     string
	StartedAt time.Time
	Length    time.Duration // of the run; its beginning may be gone
	Bytes     int64
	Live      bool   // it is being written
	Ending    Ending // Torn while Live
}

// List is what the folder holds, newest first. A recording that cannot be read
// is left out.
func (s *Store) List() []Info {
	s.flush()
	runs := s.runs()
	out := make([]Info, 0, len(runs))
	for i := len(runs) - 1; i >= 0; i-- {
		info, err := s.info(runs[i])
		if err != nil {
			s.o.Log.Info("a recording cannot be read", "run", runs[i].id, "err", err)
			continue
		}
		out = append(out, info)
	}
	return out
}

// flush brings everything that is being written here to the disk.
func (s *Store) flush() {
	s.mu.Lock()
	live := make([]*RunWriter, 0, len(s.live))
	for _, r := range s.live {
		live = append(live, r)
	}
	s.mu.Unlock()
	for _, r := range live {
		r.do(r.flush)
	}
}

// info reads the first line and the last one.
func (s *Store) info(r stored) (Info, error) {
	f, err := s.openSegment(r.id, r.segments[0].name)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	first, err := readLine(bufio.NewReaderSize(f, 64<<10), nil, maxHeaderBytes)
	if err != nil {
		return Info{}, fmt.Errorf("read the header: %w", err)
	}
	var h Header
	if err := json.Unmarshal(first, &h); err != nil || h.Format != format {
		return Info{}, ErrForeign
	}
	last, err := s.tail(r)
	if err != nil {
		return Info{}, err
	}
	out := Info{
		ID: r.id, Scenario: h.Scenario, Title: h.Title, StartedAt: h.StartedAt, Bytes: r.bytes(),
		Live:   !r.over && (s.writing(r.id) != nil || time.Since(r.touched) < quietAfter),
		Ending: Torn,
	}
	if last.T != nil {
		out.Length = time.Duration(*last.T) * time.Microsecond
	}
	if last.End != nil {
		out.Ending = last.End.Ending
	}
	return out, nil
}

// lastLine is what a list needs of the last line.
type lastLine struct {
	T   *int64    `json:"t"`
	End *endWords `json:"end"`
}

// tailBytes hold the last line unless it is a very long one.
const tailBytes = 64 << 10

// tail reads the last whole line of a run; a zero one where there is none.
func (s *Store) tail(r stored) (lastLine, error) {
	newest := r.segments[len(r.segments)-1]
	f, err := s.openSegment(r.id, newest.name)
	if err != nil {
		return lastLine{}, err
	}
	defer f.Close()
	for size := int64(tailBytes); ; size = maxLineBytes + tailBytes {
		from := max(0, newest.bytes-size)
		text := make([]byte, newest.bytes-from)
		n, err := f.ReadAt(text, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return lastLine{}, fmt.Errorf("read the end of the recording of run %s: %w", r.id, err)
		}
		if last, ok := lastOf(text[:n]); ok || from == 0 || size > tailBytes {
			return last, nil
		}
	}
}

// lastOf finds the last line in text that is whole, for which it must see the
// end of the line before.
func lastOf(text []byte) (last lastLine, ok bool) {
	for {
		end := bytes.LastIndexByte(text, '\n')
		if end < 0 {
			return lastLine{}, false
		}
		text = text[:end]
		begin := bytes.LastIndexByte(text, '\n')
		if begin < 0 {
			return lastLine{}, false
		}
		if json.Unmarshal(text[begin+1:], &last) == nil && last.T != nil {
			return last, true
		}
	}
}

// Open returns a recording as one stream of lines, also of a run that is being
// written: then what there is until now. The error wraps [ErrNoRun] where there
// is no such recording.
func (s *Store) Open(id string) (io.ReadCloser, Info, error) {
	s.flush()
	for {
		r, err := s.find(id)
		if err != nil {
			return nil, Info{}, err
		}
		out, err := s.stream(r)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its oldest piece has just gone
		}
		if err != nil {
			return nil, Info{}, err
		}
		info, err := s.info(r)
		if err != nil {
			_ = out.Close()
			return nil, Info{}, fmt.Errorf("open the recording of run %s: %w", id, err)
		}
		return out, info, nil
	}
}

// stream joins the pieces of a run. All of them are open at once, so that none
// can go while it is read.
func (s *Store) stream(r stored) (*joined, error) {
	out := new(joined)
	var all []io.Reader
	for i, one := range r.segments {
		f, err := s.openSegment(r.id, one.name)
		if err != nil {
			_ = out.Close()
			return nil, err
		}
		out.files = append(out.files, f)
		var in io.Reader = io.LimitReader(f, one.bytes)
		if i > 0 {
			in = &headless{in: bufio.NewReader(in)}
		}
		all = append(all, in)
	}
	out.Reader = io.MultiReader(all...)
	return out, nil
}

type joined struct {
	io.Reader
	files []*os.File
}

// Close closes all pieces.
func (j *joined) Close() error {
	var all []error
	for _, f := range j.files {
		all = append(all, f.Close())
	}
	return errors.Join(all...)
}

// headless reads all but the first line.
type headless struct {
	in   *bufio.Reader
	done bool
}

// Read reads on.
func (h *headless) Read(p []byte) (int, error) {
	for !h.done {
		switch _, err := h.in.ReadSlice('\n'); {
		case err == nil:
			h.done = true
		case !errors.Is(err, bufio.ErrBufferFull):
			return 0, err
		}
	}
	return h.in.Read(p)
}
