package model

// meterReports is how many reports a meter looks back on: two seconds at ten a
// second, so that a reader that asks twice a second is not shown as jumping.
const meterReports = 20

// Meter turns a rising count into a speed. The zero value is ready.
type Meter struct {
	counts [meterReports + 1]uint64
	micros [meterReports + 1]int64
	size   int // how many of them are set
	next   int
}

// Add takes in the count at this time. A count that fell is a new beginning.
func (m *Meter) Add(count uint64, nowMicros int64) {
	if m.size > 0 {
		last := (m.next + len(m.counts) - 1) % len(m.counts)
		if count < m.counts[last] || nowMicros < m.micros[last] {
			*m = Meter{}
		}
	}
	m.counts[m.next], m.micros[m.next] = count, nowMicros
	m.next = (m.next + 1) % len(m.counts)
	m.size = min(m.size+1, len(m.counts))
}

// PerSecond is the mean speed over the reports looked back on; 0 before there
// are two.
func (m *Meter) PerSecond() float64 {
	if m.size < 2 {
		return 0
	}
	last := (m.next + len(m.counts) - 1) % len(m.counts)
	first := (m.next + len(m.counts) - m.size) % len(m.counts)
	micros := m.micros[last] - m.micros[first]
	if micros <= 0 {
		return 0
	}
	return float64(m.counts[last]-m.counts[first]) / float64(micros) * 1e6
}
