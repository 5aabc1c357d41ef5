package site

import (
	"github.com/prometheus/client_golang/prometheus"

	"spillway/wasm/wire"
)

// collector reads the run when Prometheus asks; nothing is counted twice.
type collector struct{ control Control }

// laneMetric is one number of a lane for Prometheus.
type laneMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(wire.LaneSample) float64
}

func perLane(name, help string, kind prometheus.ValueType, value func(wire.LaneSample) float64) laneMetric {
	return laneMetric{prometheus.NewDesc("spillway_lane_"+name, help, []string{"lane", "strategy"}, nil), kind, value}
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var laneMetrics = []laneMetric{
	perLane("up", "1 while the lane's process runs.", gauge, func(m wire.LaneSample) float64 { return oneIf(m.State == wire.StateRunning) }),
	perLane("exit_code", "Exit code of the lane's last end, 137 after SIGKILL; 0 while it runs.", gauge, func(m wire.LaneSample) float64 { return float64(m.ExitCode) }),
	perLane("rss_bytes", "Resident set size, read from outside.", gauge, func(m wire.LaneSample) float64 { return float64(m.RSS) }),
	perLane("limit_bytes", "RSS at which the lane is killed.", gauge, func(m wire.LaneSample) float64 { return float64(m.Limit) }),
	perLane("heap_in_use_bytes", "Live and not yet swept objects.", gauge, func(m wire.LaneSample) float64 { return float64(m.HeapInUse) }),
	perLane("heap_total_bytes", "Heap reserved from the OS and not returned.", gauge, func(m wire.LaneSample) float64 { return float64(m.HeapTotal) }),
	perLane("heap_live_bytes", "Heap marked by the last collection.", gauge, func(m wire.LaneSample) float64 { return float64(m.Live) }),
	perLane("goroutines", "Goroutines.", gauge, func(m wire.LaneSample) float64 { return float64(m.Goroutines) }),
	perLane("readers", "Connected readers.", gauge, func(m wire.LaneSample) float64 { return float64(m.Readers) }),
	perLane("backlog_messages", "Messages accepted and not yet written.", gauge, func(m wire.LaneSample) float64 { return float64(m.BacklogCount) }),
	perLane("backlog_bytes", "Bytes accepted and not yet written.", gauge, func(m wire.LaneSample) float64 { return float64(m.BacklogBytes) }),
	perLane("backlog_oldest_seconds", "Age of the oldest backlog message since it was produced.", gauge, func(m wire.LaneSample) float64 { return seconds(m.OldestMicros) }),
	perLane("stalled_readers", "Readers whose current write waits for room.", gauge, func(m wire.LaneSample) float64 { return float64(m.Stalled) }),
	perLane("send_queue_bytes", "Bytes in the send queues of the kernel.", gauge, func(m wire.LaneSample) float64 { return float64(m.SendQueue) }),
	perLane("shut_readers", "Readers whose window is shut.", gauge, func(m wire.LaneSample) float64 { return float64(m.Shut) }),
	perLane("stall_seconds", "The longest of these waits.", gauge, func(m wire.LaneSample) float64 { return seconds(m.StallMicros) }),
	perLane("delivered_messages_total", "Messages written since the lane's process started.", counter, func(m wire.LaneSample) float64 { return float64(m.Delivered) }),
	perLane("dropped_messages_total", "Messages the lane gave up since its process started.", counter, func(m wire.LaneSample) float64 { return float64(m.Dropped) }),
	perLane("gap_messages_total", "Messages that readers saw missing.", counter, func(m wire.LaneSample) float64 { return float64(m.Gaps) }),
	perLane("repeated_messages_total", "Messages that readers saw twice.", counter, func(m wire.LaneSample) float64 { return float64(m.Repeats) }),
	perLane("restarts_total", "Restarts in this run.", counter, func(m wire.LaneSample) float64 { return float64(m.Restarts) }),
	perLane("healthy_age_p99_seconds", "Age at healthy readers, 99th percentile of the last second.", gauge, func(m wire.LaneSample) float64 { return seconds(m.HealthyP99) }),
}

// accountMetrics are where the bytes of a lane are: parts that add up.
var accountMetrics = []struct {
	part  string
	value func(wire.Account) uint64
}{
	{"broker", func(a wire.Account) uint64 { return a.Broker }},
	{"backlog", func(a wire.Account) uint64 { return a.Backlog }},
	{"send_queue", func(a wire.Account) uint64 { return a.SendQueue }},
	{"in_flight", func(a wire.Account) uint64 { return a.InFlight }},
	{"reader", func(a wire.Account) uint64 { return a.Held }},
	{"consumed", func(a wire.Account) uint64 { return a.Consumed }},
	{"lost_strategy", func(a wire.Account) uint64 { return a.LostStrategy }},
	{"lost_trimmed", func(a wire.Account) uint64 { return a.LostTrimmed }},
	{"lost_broker", func(a wire.Account) uint64 { return a.LostBroker }},
	{"lost_left", func(a wire.Account) uint64 { return a.LostLeft }},
}

var (
	accountPart     = prometheus.NewDesc("spillway_lane_account_bytes", "Where the event text is that was produced for the readers of a lane, once a second.", []string{"lane", "strategy", "part"}, nil)
	accountProduced = prometheus.NewDesc("spillway_lane_account_produced_bytes", "Event text produced for the readers of a lane; the sum of all parts and the gap.", []string{"lane", "strategy"}, nil)
	accountGap      = prometheus.NewDesc("spillway_lane_account_gap_bytes", "What the parts do not explain of what was produced.", []string{"lane", "strategy"}, nil)
)

var (
	runState      = prometheus.NewDesc("spillway_run_state", "1 for the state the run is in.", []string{"state"}, nil)
	runElapsed    = prometheus.NewDesc("spillway_run_elapsed_seconds", "Time since the run's start.", nil, nil)
	produced      = prometheus.NewDesc("spillway_produced_messages_total", "Messages produced, all channels.", nil, nil)
	producerStall = prometheus.NewDesc("spillway_producer_stall_seconds", "How long the producer has been waiting for the broker.", nil, nil)
	brokerUsed    = prometheus.NewDesc("spillway_broker_used_bytes", "used_memory of the broker.", nil, nil)
	readerHeld    = prometheus.NewDesc("spillway_reader_held_bytes", "Bytes that have arrived at readers and that nobody has consumed.", []string{"lane", "group"}, nil)
	brokerRSS     = prometheus.NewDesc("spillway_broker_rss_bytes", "RSS of the broker where it is a process of this server.", nil, nil)
)

// Describe names every metric.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range laneMetrics {
		out <- m.desc
	}
	for _, d := range []*prometheus.Desc{runState, runElapsed, produced, producerStall, brokerUsed, brokerRSS, readerHeld, accountPart, accountProduced, accountGap} {
		out <- d
	}
}

// Collect reads the run.
func (c collector) Collect(out chan<- prometheus.Metric) {
	v := c.control.View()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	for state := wire.StateRest; state <= wire.StateWaiting; state++ {
		send(runState, gauge, oneIf(v.State == state), state.String())
	}
	send(runElapsed, gauge, v.Elapsed.Seconds())
	send(produced, counter, float64(v.Sample.Produced))
	send(producerStall, gauge, seconds(v.Sample.ProducerStall))
	send(brokerUsed, gauge, float64(v.Sample.BrokerUsed))
	send(brokerRSS, gauge, float64(v.Sample.BrokerRSS))
	for i, l := range v.Lanes {
		for _, m := range laneMetrics {
			send(m.desc, m.kind, m.value(v.Sample.Lanes[i]), l.Name, l.Plan.Strategy)
		}
		a := v.Sample.Lanes[i].Account
		if a == (wire.Account{}) {
			continue // there is none yet
		}
		for _, m := range accountMetrics {
			send(accountPart, gauge, float64(m.value(a)), l.Name, l.Plan.Strategy, m.part)
		}
		send(accountProduced, gauge, float64(a.Produced), l.Name, l.Plan.Strategy)
		send(accountGap, gauge, float64(a.Gap), l.Name, l.Plan.Strategy)
	}
	for i, extra := range v.Extra {
		for _, r := range extra.Readers {
			send(readerHeld, gauge, float64(r.Held), v.Lanes[i].Name, r.Group)
		}
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
