package outcome

import (
	"strconv"

	"spillway/web/chart"
)

// None stands where there is no value.
const None = "–"

// Row is one figure of all lanes side by side.
type Row struct {
	Part  string   // what it is about: "Memory"
	Label string   // "RSS, highest"
	Group string   // of readers; empty for a figure of the lane
	Help  string   // what it is and where it is read
	Cells []string // of each lane; [None] where it has no value
}

// figure is a number of a lane, in words. A new one is a row in figures.
type figure struct {
	part, label, help string
	text              func(Lane) string
}

// The parts of the table.
const (
	partEnd     = "The lane"
	partMemory  = "Memory"
	partBacklog = "Backlog"
	partReaders = "Messages"
	partAge     = "Age on arrival"
	partCPU     = "Processor"
)

const labelStall = "longest stall"

var figures = []figure{
	{partEnd, "state", "Where the lane was in its life when the run ended. Killed: its RSS was over the limit, and the supervisor sent SIGKILL. Read from the supervisor.", state},
	{partEnd, "died after", "When in the run the lane ended though nobody had asked it to, the last time. Read from the supervisor.",
		func(l Lane) string {
			if !l.Died() {
				return None
			}
			return duration(l.Ends[len(l.Ends)-1].AtSeconds)
		}},
	{partEnd, "exit code", "Of its last end: the process's own, or 128 + the number of the signal that ended it. Read from the operating system by the supervisor.",
		func(l Lane) string {
			if l.ExitCode == nil {
				return None
			}
			return strconv.Itoa(*l.ExitCode)
		}},
	{partEnd, "restarts", "How often its process was started again. Counted by the run.",
		func(l Lane) string {
			if l.Restarts == 0 && !l.Died() {
				return None
			}
			return chart.Count(l.Restarts)
		}},
	{partMemory, "RSS, highest", "Resident set size: the memory the OS counts for this process, all of it. Read from outside by the supervisor 20 times a second; recorded 10 times a second, and the one that decided over a kill.",
		func(l Lane) string { return size(l.RSSMaxBytes) }},
	{partMemory, "RSS, last", "The same at the last moment the lane lived.", func(l Lane) string { return size(l.RSSLastBytes) }},
	{partMemory, "RSS limit", "RSS over which the supervisor kills the lane. From the scenario or a change by hand, at most the lane's share of the ceiling for all.",
		func(l Lane) string { return size(l.LimitBytes) }},
	{partMemory, "heap, highest", "Heap in use: live objects and those not yet swept. From the Go runtime of the lane: /memory/classes/heap/objects:bytes.",
		func(l Lane) string { return size(l.HeapMaxBytes) }},
	{partBacklog, "highest", "The most that the lane had accepted and not yet written to a reader, in bytes of the messages. Counted by the lane itself.",
		func(l Lane) string { return l.ran(bytes(l.BacklogMax.Bytes)) }},
	{partBacklog, "  in messages", "The same as a number of messages.", func(l Lane) string { return l.ran(chart.Count(l.BacklogMax.Messages)) }},
	{partBacklog, "  oldest", "How long ago the oldest message of the backlog had been produced, at its highest: the time its head says, read by the lane.",
		func(l Lane) string { return l.ran(duration(l.BacklogMax.Age)) }},
	{partBacklog, "last", "The backlog at the last moment the lane lived. What a lane held when it died is gone with it.",
		func(l Lane) string { return l.ran(bytes(l.Backlog.Bytes)) }},
	{partBacklog, "  in messages", "The same as a number of messages.", func(l Lane) string { return l.ran(chart.Count(l.Backlog.Messages)) }},
	{partBacklog, labelStall, "The longest that one write to a reader waited for room. Read from the lane's current writes.",
		func(l Lane) string { return l.ran(duration(l.StallMax)) }},
	{partReaders, "delivered", "Messages written to readers; written means handed to the kernel. Counted by the lane itself.", func(l Lane) string { return l.ran(chart.Count(l.Delivered)) }},
	{partReaders, "dropped", "Messages the lane gave up, by any rule of its strategy. Counted by the lane itself.", func(l Lane) string { return l.ran(chart.Count(l.Dropped)) }},
	{partReaders, "gaps", "Messages that readers of this lane saw missing in the sequence: lost for them. What a reader was to get after its lane died is not among them. Counted by the readers.",
		func(l Lane) string { return l.ran(chart.Count(l.Gaps)) }},
	{partReaders, "repeats", "Messages that readers saw twice. Counted by the readers.", func(l Lane) string { return l.ran(chart.Count(l.Repeats)) }},
	{partReaders, "disconnects", "Streams that ended though nobody asked for it. Counted by the readers.", func(l Lane) string { return l.ran(chart.Count(l.Disconnects)) }},
	{partReaders, "held, highest", "The most bytes that had arrived at readers and that nobody had consumed: in the tab, no longer in the kernel. Counted by the readers; there is such a row only where a way of reading does not push back.",
		func(l Lane) string {
			if l.HeldMax == 0 {
				return None
			}
			return bytes(l.HeldMax)
		}},
	{partCPU, "CPU time", "Processor time of the lane's processes, user and system. Read from the operating system by the supervisor.",
		func(l Lane) string {
			if l.CPUSeconds == nil {
				return None
			}
			return chart.Age(int64(*l.CPUSeconds * 1e6))
		}},
	{partCPU, "CPU, average", "The same as a share of one core while the lane lived.",
		func(l Lane) string {
			if l.CPUPercent == nil {
				return None
			}
			return strconv.FormatFloat(*l.CPUPercent, 'f', 1, 64) + " %"
		}},
}

// Rows are the figures of all lanes. One that no lane has a value for is left
// out, and so is one that is nothing everywhere: restarts without a death.
func (r Result) Rows() []Row {
	var out []Row
	add := func(row Row) {
		for _, c := range row.Cells {
			if c != None {
				out = append(out, row)
				return
			}
		}
	}
	for _, f := range figures {
		if f.part == partCPU && (len(out) == 0 || out[len(out)-1].Part != partCPU) {
			for _, row := range r.ageRows() {
				add(row)
			}
		}
		row := Row{Part: f.part, Label: f.label, Help: f.help}
		for _, l := range r.Lanes {
			row.Cells = append(row.Cells, f.text(l))
		}
		add(row)
	}
	return out
}

// ageRows are those of the groups of readers, by name.
func (r Result) ageRows() []Row {
	var names []string
	seen := make(map[string]bool)
	for _, l := range r.Lanes {
		for _, g := range l.Groups {
			if !seen[g.Name] {
				seen[g.Name], names = true, append(names, g.Name)
			}
		}
	}
	var out []Row
	for _, name := range names {
		for _, f := range []struct {
			label, help string
			value       func(Group) *float64
		}{
			{"p50", "Half of the messages that these readers got were younger than this when they arrived, from produced to read. Measured by the readers, over the run; of the browser's tabs, over the last second in which there was a message.", func(g Group) *float64 { return g.P50Seconds }},
			{"p99", "The same for 99 of 100 messages.", func(g Group) *float64 { return g.P99Seconds }},
			{"worst p99", "The p99 of the second in which it was highest.", func(g Group) *float64 { return g.P99Max }},
		} {
			row := Row{Part: partAge, Label: f.label + ", " + name, Group: name, Help: f.help}
			for _, l := range r.Lanes {
				cell := None
				for _, g := range l.Groups {
					if v := f.value(g); g.Name == name && v != nil {
						cell = duration(*v)
					}
				}
				row.Cells = append(row.Cells, cell)
			}
			out = append(out, row)
		}
	}
	return out
}

// state is one word, with a sign for those who look for what died.
func state(l Lane) string {
	switch {
	case l.State == "killed" || l.State == "crashed":
		return "✕ " + l.State
	case l.Died():
		return l.State + " again"
	}
	return l.State
}

// ran blanks what means nothing for a lane that never ran.
func (l Lane) ran(text string) string {
	if l.RSSMaxBytes == nil && l.Delivered == 0 {
		return None
	}
	return text
}

func size(v *uint64) string {
	if v == nil {
		return None
	}
	return bytes(*v)
}

func bytes(v uint64) string { return chart.Bytes(float64(v)) }

func duration(s float64) string { return chart.Age(int64(s * 1e6)) }

// many joins a number and its noun: "1 message", "210 messages".
func many(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return chart.Count(n) + " " + noun + "s"
}
