package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"spillway/server/internal/metric"
	"spillway/wasm/wire"
)

// column is one number of a row: its name in the file, and its place in T.
type column[T any] struct {
	name string
	get  func(*T) int64
	set  func(*T, int64)
}

// number is a column of any integer. 64 bits without a sign are written as the
// same 64 bits with one; nothing that is counted here comes near the difference.
func number[T any, N ~uint8 | ~int | ~int64 | ~uint64](name string, at func(*T) *N) column[T] {
	return column[T]{
		name: name,
		get:  func(v *T) int64 { return int64(*at(v)) },
		set:  func(v *T, n int64) { *at(v) = N(n) },
	}
}

// laneRow is what one row of a lane is made of.
type laneRow struct {
	wire.LaneSample
	metric.Lane
}

// The columns, named like the fields. Bytes and Micros say the unit, anything
// else is counted.
var (
	runColumns = []column[wire.Sample]{
		number("takenAtMicros", func(s *wire.Sample) *int64 { return &s.TakenAtMicros }),
		number("elapsedMicros", func(s *wire.Sample) *uint64 { return &s.ElapsedMicros }),
		number("state", func(s *wire.Sample) *wire.State { return &s.State }),
		number("produced", func(s *wire.Sample) *uint64 { return &s.Produced }),
		number("producerStallMicros", func(s *wire.Sample) *uint64 { return &s.ProducerStall }),
		number("brokerRSSBytes", func(s *wire.Sample) *uint64 { return &s.BrokerRSS }),
		number("brokerUsedBytes", func(s *wire.Sample) *uint64 { return &s.BrokerUsed }),
		number("brokerLimitBytes", func(s *wire.Sample) *uint64 { return &s.BrokerLimit }),
	}
	laneColumns = []column[laneRow]{
		number("state", func(l *laneRow) *wire.State { return &l.State }),
		number("exitCode", func(l *laneRow) *uint64 { return &l.ExitCode }),
		number("rssBytes", func(l *laneRow) *uint64 { return &l.RSS }),
		number("limitBytes", func(l *laneRow) *uint64 { return &l.Limit }),
		number("heapInUseBytes", func(l *laneRow) *uint64 { return &l.HeapInUse }),
		number("heapTotalBytes", func(l *laneRow) *uint64 { return &l.HeapTotal }),
		number("liveBytes", func(l *laneRow) *uint64 { return &l.Live }),
		number("outsideHeapBytes", func(l *laneRow) *uint64 { return &l.OutsideHeap }),
		number("readers", func(l *laneRow) *uint64 { return &l.LaneSample.Readers }),
		number("goroutines", func(l *laneRow) *uint64 { return &l.Goroutines }),
		number("backlogCount", func(l *laneRow) *uint64 { return &l.BacklogCount }),
		number("backlogBytes", func(l *laneRow) *uint64 { return &l.BacklogBytes }),
		number("oldestMicros", func(l *laneRow) *uint64 { return &l.OldestMicros }),
		number("stalled", func(l *laneRow) *uint64 { return &l.Stalled }),
		number("stallMicros", func(l *laneRow) *uint64 { return &l.StallMicros }),
		number("delivered", func(l *laneRow) *uint64 { return &l.LaneSample.Delivered }),
		number("perSecond", func(l *laneRow) *uint64 { return &l.PerSecond }),
		number("bytesPerSecond", func(l *laneRow) *uint64 { return &l.BytesPerSec }),
		number("dropped", func(l *laneRow) *uint64 { return &l.LaneSample.Dropped }),
		number("healthyP50Micros", func(l *laneRow) *uint64 { return &l.HealthyP50 }),
		number("healthyP99Micros", func(l *laneRow) *uint64 { return &l.HealthyP99 }),
		number("slowP50Micros", func(l *laneRow) *uint64 { return &l.SlowP50 }),
		number("gaps", func(l *laneRow) *uint64 { return &l.Gaps }),
		number("repeats", func(l *laneRow) *uint64 { return &l.Repeats }),
		number("restarts", func(l *laneRow) *uint64 { return &l.Restarts }),
		number("sendQueueBytes", func(l *laneRow) *uint64 { return &l.SendQueue }),
		number("shut", func(l *laneRow) *uint64 { return &l.Shut }),
		number("shutMicros", func(l *laneRow) *uint64 { return &l.ShutMicros }),
		number("unseen", func(l *laneRow) *uint64 { return &l.Unseen }),
		// Those that follow are counted over all processes the lane has had.
		number("cpuMicros", func(l *laneRow) *uint64 { return &l.CPUMicros }),
		number("totalDelivered", func(l *laneRow) *uint64 { return &l.Lane.Delivered }),
		number("totalDeliveredBytes", func(l *laneRow) *uint64 { return &l.DeliveredBytes }),
		number("totalDropped", func(l *laneRow) *uint64 { return &l.Lane.Dropped }),
		number("hopRSSBytes", func(l *laneRow) *uint64 { return &l.HopRSS }),
		number("hopBytes", func(l *laneRow) *uint64 { return &l.HopBytes }),
		number("lastExit", func(l *laneRow) *int { return &l.LastExit }),
	}
	readerColumns = []column[metric.Readers]{
		number("connected", func(r *metric.Readers) *uint64 { return &r.Connected }),
		number("messages", func(r *metric.Readers) *uint64 { return &r.Messages }),
		number("bytes", func(r *metric.Readers) *uint64 { return &r.Bytes }),
		number("gaps", func(r *metric.Readers) *uint64 { return &r.Gaps }),
		number("repeats", func(r *metric.Readers) *uint64 { return &r.Repeats }),
		number("disconnects", func(r *metric.Readers) *uint64 { return &r.Disconnects }),
		number("ageP50Micros", func(r *metric.Readers) *uint64 { return &r.AgeP50Micros }),
		number("ageP99Micros", func(r *metric.Readers) *uint64 { return &r.AgeP99Micros }),
		number("heldBytes", func(r *metric.Readers) *uint64 { return &r.Held }),
	}
)

func names[T any](columns []column[T]) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// columns are those that this program writes.
func columns() Columns {
	return Columns{Run: names(runColumns), Lane: names(laneColumns), Reader: names(readerColumns), Account: names(accountColumns)}
}

// appendRow appends the numbers of v. Zeros at the end are left out: a row may
// be shorter than its columns.
func appendRow[T any](dst []byte, columns []column[T], v *T) []byte {
	dst = append(dst, '[')
	end := len(dst)
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		n := c.get(v)
		dst = strconv.AppendInt(dst, n, 10)
		if n != 0 {
			end = len(dst)
		}
	}
	return append(dst[:end], ']')
}

// layout finds the columns of a file by name. One that this program does not
// know is nil.
func layout[T any](known []column[T], names []string) []*column[T] {
	out := make([]*column[T], len(names))
	for i, name := range names {
		for k := range known {
			if known[k].name == name {
				out[i] = &known[k]
			}
		}
	}
	return out
}

var errRow = errors.New("a row has more numbers than columns")

// readRow sets v from a row that is valid JSON.
func readRow[T any](row []byte, columns []*column[T], v *T) error {
	text := strings.TrimSpace(string(row))
	inner, ok := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return fmt.Errorf("%.40q is no row of numbers", text)
	}
	inner = strings.TrimSpace(inner)
	for i := 0; inner != ""; i++ {
		cell, rest, more := strings.Cut(inner, ",")
		if i >= len(columns) {
			return errRow
		}
		if c := columns[i]; c != nil {
			n, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 64)
			if err != nil {
				return fmt.Errorf("column %s: %.40q is no whole number", c.name, cell)
			}
			c.set(v, n)
		}
		if !more {
			break
		}
		inner = rest
	}
	return nil
}
