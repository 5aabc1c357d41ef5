package record

import (
	"fmt"
	"os"
	"sync"
	"time"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

const (
	flushEvery = time.Second // so much of a run is lost with its process
	flushBytes = 64 << 10
)

// RunWriter is the recording of one run in a Store. An error of the disk is
// logged once and ends the recording; the run does not notice. Safe for
// concurrent use. Its methods wait for the disk, every second or every 64 KiB.
type RunWriter struct {
	store *Store
	id    string

	mu    sync.Mutex // guards what follows
	out   *Writer
	file  *os.File // nil after the end
	buf   []byte   // whole lines that are not in file yet
	timer *time.Timer
	head  int64     // bytes of the header, which every piece begins with
	kept  []segment // oldest first; the last one grows
	next  int
}

// begin opens the first piece.
func (r *RunWriter) begin(h Header) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.open(); err != nil {
		return err
	}
	out, err := NewWriter(pieces{r}, h)
	if err != nil {
		r.close()
		return err
	}
	r.out, r.head = out, int64(len(out.header))
	return nil
}

// Take is that of Writer.
func (r *RunWriter) Take(v run.View, history func() wire.History) {
	r.do(func() error {
		if err := r.cut(); err != nil {
			return err
		}
		return r.out.Take(v, history)
	})
}

// Remark is that of Writer.
func (r *RunWriter) Remark(text string) {
	r.do(func() error { return r.out.Remark(text) })
}

// End is that of Writer, and closes the file.
func (r *RunWriter) End(e Ending, why string) {
	r.do(func() error {
		if err := r.out.End(e, why); err != nil {
			return err
		}
		return r.flush()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
}

// do writes, unless the recording has ended.
func (r *RunWriter) do(write func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return
	}
	if err := write(); err != nil {
		r.store.o.Log.Warn("the recording of the run ends here; the run goes on", "run", r.id, "err", err)
		r.close()
	}
}

// close lets the file go. r.mu is held.
func (r *RunWriter) close() {
	if r.file == nil {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	_ = r.file.Close() // everything has been flushed, or cannot be
	r.file, r.buf = nil, nil
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	delete(r.store.live, r.id)
}

// cut begins the next piece where the newest is full, and lets the oldest go
// where all of them would become too much. r.mu is held.
func (r *RunWriter) cut() error {
	most := r.store.o.MaxRunBytes / segments
	newest := &r.kept[len(r.kept)-1]
	if newest.bytes+int64(len(r.buf))-r.head < most {
		return nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("close a piece of the recording: %w", err)
	}
	for len(r.kept) >= segments {
		if err := r.store.root.Remove(r.id + "/" + r.kept[0].name); err != nil {
			return fmt.Errorf("remove the oldest piece of the recording: %w", err)
		}
		r.kept = r.kept[1:]
	}
	if err := r.open(); err != nil {
		return err
	}
	return r.out.continueIn(pieces{r})
}

func (r *RunWriter) open() error {
	r.next++
	name := fmt.Sprintf("%06d.ndjson", r.next)
	file, err := r.store.root.OpenFile(r.id+"/"+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
	if err != nil {
		return fmt.Errorf("begin a piece of the recording: %w", err)
	}
	r.file = file
	r.kept = append(r.kept, segment{name: name})
	return nil
}

// flush writes what waits, in whole lines, so that whoever reads the file
// meanwhile finds no half ones. r.mu is held.
func (r *RunWriter) flush() error {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	n, err := r.file.Write(r.buf)
	r.kept[len(r.kept)-1].bytes += int64(n)
	r.buf = r.buf[:0]
	if err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	return nil
}

// pieces is where the Writer of a RunWriter writes to. r.mu is held.
type pieces struct{ r *RunWriter }

// Write takes a line.
func (p pieces) Write(line []byte) (int, error) {
	r := p.r
	r.buf = append(r.buf, line...)
	if len(r.buf) >= flushBytes {
		return len(line), r.flush()
	}
	if r.timer == nil {
		r.timer = time.AfterFunc(flushEvery, r.flushLate)
	}
	return len(line), nil
}

// flushLate is what the timer does.
func (r *RunWriter) flushLate() { r.do(r.flush) }
