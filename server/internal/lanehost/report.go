package lanehost

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/sample"
)

const (
	// ReportEvery is the rate of the samples everywhere: 10 Hz.
	ReportEvery = 100 * time.Millisecond
	// stallAfter separates a write that waits for room from one that is merely
	// being done.
	stallAfter = 10 * time.Millisecond
	// settleEvery is how often memory is given back and positions are reported.
	settleEvery = time.Second
	// shrinkBytes is how much a backlog must have fallen within settleEvery for
	// memory to be given back; a collection is not worth less.
	shrinkBytes = 1 << 20
)

// Link is the lane's connection to the server that started it.
type Link interface {
	Report(v any) error
	Commands() <-chan json.RawMessage
}

// Talk reports 10 times a second and takes commands until ctx is done or the
// commands end. At every whole second it reads all connections; the next report
// has them.
//
// The Go runtime keeps what a drained queue leaves behind for later; an
// observer of RSS would see a lane that never recovers. So while the backlog
// shrinks Talk calls debug.FreeOSMemory once a second (1 to 33 ms each), and once
// after a rush of readers, unless it is told to keep what is free; and once when
// it is no longer told so.
func (h *Host) Talk(ctx context.Context, link Link) error {
	memory := sample.NewRuntime()
	tick := time.NewTicker(ReportEvery)
	defer tick.Stop()
	second := time.NewTimer(time.Until(nextSecond(time.Now())))
	defer second.Stop()
	var settled time.Time
	var backlogThen uint64
	told := orders{keepFree: h.cfg.KeepFree}
	var read reading
	var came rush
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-link.Commands():
			if !ok {
				return nil
			}
			h.take(line, &told)
		case <-second.C:
			now := time.Now()
			if len(read.rows) == 0 && !late(now) { // or they are very many: it is still being told
				read = reading{h.readers.rows(now), wholeSecond(now).Unix()}
			}
			second.Reset(time.Until(nextSecond(now)))
		case now := <-tick.C:
			settle := now.Sub(settled) >= settleEvery
			report := h.report(now, memory, settle)
			read.tell(&report)
			report.Watched = h.readers.watched(told.watch, now)
			if settle {
				rushed := came.over(report.Readers)
				if !told.keepFree && (rushed || backlogThen > report.BacklogBytes+shrinkBytes) {
					debug.FreeOSMemory()
				}
				settled, backlogThen = now, report.BacklogBytes
				report.Code = told.code.look()
			}
			if err := link.Report(report); err != nil {
				return err
			}
		}
	}
}

func (h *Host) report(now time.Time, memory *sample.Runtime, written bool) lane.Report {
	r := h.readers.report(now, stallAfter, written)
	m := memory.Read()
	r.HeapInUseBytes = m.HeapInUseBytes
	r.HeapTotalBytes = m.HeapTotalBytes
	r.LiveBytes = m.LiveBytes
	r.OutsideHeapBytes = m.OutsideHeapBytes
	r.Goroutines = m.Goroutines
	r.Broker = h.health.Trouble()
	return r
}
