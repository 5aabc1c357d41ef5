package outcome

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/metric"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// column is one of a lane's. A new one is a line in columns.
type column struct {
	name string
	text func(s wire.LaneSample) string // empty: no value
}

// columns of a lane. What only a living lane has is empty while it does not live.
var columns = []column{
	{"state", func(s wire.LaneSample) string { return s.State.String() }},
	{"rss_bytes", func(s wire.LaneSample) string { return measured(s.RSS) }},
	{"limit_bytes", func(s wire.LaneSample) string { return measured(s.Limit) }},
	{"heap_in_use_bytes", func(s wire.LaneSample) string { return measured(s.HeapInUse) }},
	{"heap_total_bytes", func(s wire.LaneSample) string { return measured(s.HeapTotal) }},
	{"outside_heap_bytes", func(s wire.LaneSample) string { return measured(s.OutsideHeap) }},
	{"readers", alive(func(s wire.LaneSample) string { return whole64(s.Readers) })},
	{"backlog_messages", alive(func(s wire.LaneSample) string { return whole64(s.BacklogCount) })},
	{"backlog_bytes", alive(func(s wire.LaneSample) string { return whole64(s.BacklogBytes) })},
	{"oldest_seconds", alive(func(s wire.LaneSample) string { return decimal(s.OldestMicros) })},
	{"stalled_readers", alive(func(s wire.LaneSample) string { return whole64(s.Stalled) })},
	{"stall_seconds", alive(func(s wire.LaneSample) string { return decimal(s.StallMicros) })},
	{"send_queue_bytes", alive(func(s wire.LaneSample) string { return whole64(s.SendQueue) })},
	{"shut_readers", alive(func(s wire.LaneSample) string { return whole64(s.Shut) })},
	{"delivered_per_second", alive(func(s wire.LaneSample) string { return whole64(s.PerSecond) })},
	{"gap_messages", func(s wire.LaneSample) string { return whole64(s.Gaps) }},
	{"repeat_messages", func(s wire.LaneSample) string { return whole64(s.Repeats) }},
	{"restarts", func(s wire.LaneSample) string { return whole64(s.Restarts) }},
	{"produced_bytes", accounted(func(a wire.Account) uint64 { return a.Produced })},
	{"in_broker_bytes", accounted(func(a wire.Account) uint64 { return a.Broker })},
	{"in_backlog_bytes", accounted(func(a wire.Account) uint64 { return a.Backlog })},
	{"in_send_queue_bytes", accounted(func(a wire.Account) uint64 { return a.SendQueue })},
	{"in_flight_bytes", accounted(func(a wire.Account) uint64 { return a.InFlight })},
	{"in_reader_bytes", accounted(func(a wire.Account) uint64 { return a.Held })},
	{"consumed_bytes", accounted(func(a wire.Account) uint64 { return a.Consumed })},
	{"lost_strategy_bytes", accounted(func(a wire.Account) uint64 { return a.LostStrategy })},
	{"lost_trimmed_bytes", accounted(func(a wire.Account) uint64 { return a.LostTrimmed })},
	{"lost_broker_bytes", accounted(func(a wire.Account) uint64 { return a.LostBroker })},
	{"lost_left_bytes", accounted(func(a wire.Account) uint64 { return a.LostLeft })},
	{"account_gap_bytes", func(s wire.LaneSample) string {
		if s.Account.Produced == 0 {
			return ""
		}
		return strconv.FormatInt(s.Account.Gap, 10)
	}},
}

// accounted is a part of the account, empty while there is none. It goes on when
// the lane has ended.
func accounted(part func(wire.Account) uint64) func(wire.LaneSample) string {
	return func(s wire.LaneSample) string {
		if s.Account.Produced == 0 {
			return ""
		}
		return whole64(part(s.Account))
	}
}

// extras of a lane run on over restarts.
var extras = []struct {
	name string
	text func(e metric.Lane) string
}{
	{"delivered_messages", func(e metric.Lane) string { return whole64(e.Delivered) }},
	{"delivered_bytes", func(e metric.Lane) string { return whole64(e.DeliveredBytes) }},
	{"dropped_messages", func(e metric.Lane) string { return whole64(e.Dropped) }},
	{"cpu_seconds", func(e metric.Lane) string {
		if e.CPUMicros == 0 {
			return ""
		}
		return decimal(e.CPUMicros)
	}},
	{"exit_code", func(e metric.Lane) string {
		if e.LastExit < 0 {
			return ""
		}
		return strconv.Itoa(e.LastExit)
	}},
}

// ofGroup are the columns of a group of readers of a lane.
var ofGroup = []struct {
	name string
	text func(r metric.Readers) string
}{
	{"received_messages", func(r metric.Readers) string { return whole64(r.Messages) }},
	{"held_bytes", func(r metric.Readers) string { return whole64(r.Held) }},
	{"age_p50_seconds", func(r metric.Readers) string { return known(r.AgeP50Micros, r.AgeP99Micros > 0) }},
	{"age_p99_seconds", func(r metric.Readers) string { return known(r.AgeP99Micros, r.AgeP99Micros > 0) }},
}

// WriteCSV writes one row for each sample: t_seconds, what the run as a whole
// came to, then the columns of each lane, which begin with its name. A dash in a
// name becomes an underscore. Where there is no value the field is empty.
func WriteCSV(w io.Writer, rec *record.Recording) error {
	out := csv.NewWriter(w)
	groups := groupsOf(rec)
	row := []string{"t_seconds", "produced_messages", "broker_used_bytes", "broker_rss_bytes"}
	if len(rec.Moments) > 0 {
		for i, l := range rec.Moments[0].Lanes {
			for _, c := range columns {
				row = append(row, snake(l.Name, c.name))
			}
			for _, c := range extras {
				row = append(row, snake(l.Name, c.name))
			}
			for _, g := range groups[i] {
				for _, c := range ofGroup {
					row = append(row, snake(l.Name, g, c.name))
				}
			}
		}
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("write samples as CSV: %w", err)
	}
	for n, m := range rec.Moments {
		row = append(row[:0], decimal(uint64(m.Elapsed/time.Microsecond)), whole64(m.Sample.Produced), measured(m.Sample.BrokerUsed), measured(m.Sample.BrokerRSS))
		for i := range rec.Moments[0].Lanes {
			row = appendLane(row, rec.Moments, n, i, groups[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write samples as CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write samples as CSV: %w", err)
	}
	return nil
}

func appendLane(row []string, moments []run.View, n, i int, groups []string) []string {
	var s wire.LaneSample
	var e metric.Lane
	m := moments[n]
	if i < len(m.Sample.Lanes) {
		s = m.Sample.Lanes[i]
	}
	hasExtra := i < len(m.Extra)
	if hasExtra {
		e = m.Extra[i]
	}
	// The RSS that decided over a kill stands once; after it the lane has none.
	if n > 0 && dead(s.State) && i < len(moments[n-1].Sample.Lanes) && dead(moments[n-1].Sample.Lanes[i].State) {
		s.RSS = 0
	}
	for _, c := range columns {
		row = append(row, c.text(s))
	}
	for _, c := range extras {
		text := ""
		if hasExtra {
			text = c.text(e)
		}
		row = append(row, text)
	}
	for _, name := range groups {
		var group metric.Readers
		for _, r := range e.Readers {
			if r.Group == name {
				group = r
			}
		}
		for _, c := range ofGroup {
			text := ""
			if group.Group != "" {
				text = c.text(group)
			}
			row = append(row, text)
		}
	}
	return row
}

// groupsOf are the groups of readers that each lane ever had, in their order.
func groupsOf(rec *record.Recording) [][]string {
	if len(rec.Moments) == 0 {
		return nil
	}
	out := make([][]string, len(rec.Moments[0].Lanes))
	for i := range out {
		seen := make(map[string]bool)
		for _, m := range rec.Moments {
			if i >= len(m.Extra) {
				continue
			}
			for _, r := range m.Extra[i].Readers {
				if !seen[r.Group] {
					seen[r.Group], out[i] = true, append(out[i], r.Group)
				}
			}
		}
	}
	return out
}

func snake(parts ...string) string { return strings.ReplaceAll(strings.Join(parts, "_"), "-", "_") }

func alive(text func(wire.LaneSample) string) func(wire.LaneSample) string {
	return func(s wire.LaneSample) string {
		if !living(s.State) {
			return ""
		}
		return text(s)
	}
}

// measured leaves 0 out, which means that nobody could measure it.
func measured(v uint64) string {
	if v == 0 {
		return ""
	}
	return whole64(v)
}

func known(micros uint64, ok bool) string {
	if !ok {
		return ""
	}
	return decimal(micros)
}

func whole64(v uint64) string { return strconv.FormatUint(v, 10) }

// decimal is microseconds as seconds, without digits that say nothing.
func decimal(micros uint64) string { return strconv.FormatFloat(seconds(micros), 'f', -1, 64) }
