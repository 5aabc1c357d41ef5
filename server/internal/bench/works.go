package bench

import (
	"fmt"
	"time"
)

// Names of measures.
const (
	perCPUSecond   = "per CPU-second"
	perSecond      = "per second"
	allocations    = "allocations"
	microsPerEvent = "µs CPU/event"
	p50            = "p50 ms"
	p99            = "p99 ms"
	servingCores   = "its cores"
	loadCores      = "load's cores"
	brokerCores    = "broker's cores"
	lost           = "lost"
	healthyShare   = "healthy got %"
	rssMiB         = "RSS MiB"
	rssPeakMiB     = "peak MiB"
	rssPerReader   = "RSS KiB/reader"
	rssGrowth      = "RSS MiB/min"
	cutOff         = "cut off"
)

// costAt is the measure of the cost with so many readers.
func costAt(readers int) string { return fmt.Sprintf("µs at %d", readers) }

// plan is a work before it is done.
type plan struct {
	name     string
	title    string
	baseline string
	runs     int      // without --runs
	peers    []string // names of those that do it
	measures []Measure
	parts    []part // done one after the other by each peer
}

// part is one load and what is taken from its report.
type part struct {
	load LoadConfig
	take func(r LoadReport, into map[string]float64)
}

// Runs of a work, where nobody says how many.
const (
	LongRuns  = 1 // of works that take a minute for each peer
	ShortRuns = 5
)

// What the works are made of.
const (
	window = 256 // messages under way: the room of a reader's Go channel
	warm   = time.Second
	// settling is how long it takes until the heap of a new process has its size,
	// and the kernel's queues of slow readers are full.
	settling = 30 * time.Second
)

func cores() []Measure {
	return []Measure{{Name: servingCores, Digits: 2}, {Name: loadCores, Digits: 2}, {Name: brokerCores, Digits: 2}}
}

func takeCores(r LoadReport, into map[string]float64) {
	into[servingCores] = r.ServingCPU / r.Seconds
	into[loadCores] = r.LoadCPU / r.Seconds
	into[brokerCores] = r.BrokerCPU / r.Seconds
}

func takeCost(r LoadReport, into map[string]float64) {
	into[perCPUSecond] = float64(r.AllEvents) / max(r.ServingCPU, 1e-9)
	into[microsPerEvent] = r.ServingCPU * 1e6 / float64(max(r.AllEvents, 1))
	if r.Allocations >= 0 {
		into[allocations] = r.Allocations / float64(max(r.AllEvents, 1))
	}
}

func takeAges(r LoadReport, into map[string]float64) {
	into[p50], into[p99] = float64(r.AgeP50Micros)/1000, float64(r.AgeP99Micros)/1000
}

const mib = 1 << 20

// socketPlans are the works over sockets.
func socketPlans() []plan {
	apart := []string{"push", "pull", "channel"} // where each reads a channel of its own
	common := []string{"push", "pull", sharedPull, "channel"}
	return []plan{
		{
			name: "w1", title: "100 readers of one channel, 256 B, as fast as it goes, 256 messages under way",
			baseline: "channel", runs: ShortRuns, peers: []string{"push", "pull", sharedPull, "channel", "raw"},
			measures: append([]Measure{
				{Name: perCPUSecond, Ratio: true}, {Name: perSecond}, {Name: allocations, Digits: 2}, {Name: lost},
			}, cores()...),
			parts: []part{{
				load: LoadConfig{Readers: 100, SizeBytes: 256, Window: window, Warm: warm, Measure: 2 * time.Second},
				take: func(r LoadReport, into map[string]float64) {
					takeCost(r, into)
					takeCores(r, into)
					into[perSecond] = float64(r.Events) / r.Seconds
					into[lost] = float64(r.Lost)
				},
			}},
		},
		{
			name: "w1p", title: "100 readers of one channel, 256 B, 500 messages a second",
			baseline: "channel", runs: ShortRuns, peers: common,
			measures: append([]Measure{
				{Name: microsPerEvent, Ratio: true, Digits: 2}, {Name: p50, Digits: 2}, {Name: p99, Digits: 2}, {Name: allocations, Digits: 2}, {Name: lost},
			}, cores()...),
			parts: []part{{
				load: LoadConfig{Readers: 100, SizeBytes: 256, RatePerSecond: 500, Warm: warm, Measure: 2 * time.Second},
				take: func(r LoadReport, into map[string]float64) {
					takeCost(r, into)
					takeCores(r, into)
					takeAges(r, into)
					into[lost] = float64(r.Lost)
				},
			}},
		},
		{
			name: "w2", title: "2,000 readers for whom there is nothing",
			baseline: "channel", runs: ShortRuns, peers: common,
			measures: []Measure{{Name: rssPerReader, Ratio: true, Digits: 1}, {Name: rssMiB, Digits: 1}, {Name: servingCores, Digits: 2}},
			parts: []part{{
				load: LoadConfig{Readers: 2000, Idle: true, Warm: warm, Measure: 2 * time.Second},
				take: func(r LoadReport, into map[string]float64) {
					into[rssPerReader] = float64(r.RSSBytes-r.RSSBeforeBytes) / 1024 / (2000 - 1)
					into[rssMiB] = float64(r.RSSBytes) / mib
					into[servingCores] = r.ServingCPU / r.Seconds
				},
			}},
		},
		{
			name: "w3", title: "one channel, 1 KB, 2,000 messages a second, 15 s: 50 readers that keep up and 50 that read nothing",
			baseline: "channel", runs: LongRuns, peers: common,
			measures: append([]Measure{
				{Name: healthyShare, Digits: 2}, {Name: p99, Ratio: true, Digits: 2}, {Name: rssMiB, Ratio: true, Digits: 1}, {Name: rssPeakMiB, Digits: 1},
				{Name: microsPerEvent, Ratio: true, Digits: 2}, {Name: cutOff},
			}, cores()...),
			parts: []part{{
				load: LoadConfig{Readers: 100, Stalled: 50, SizeBytes: 1000, RatePerSecond: 2000, Warm: 0, Measure: 15 * time.Second},
				take: takeTrouble,
			}},
		},
		{
			name: "w4", title: "1,000 readers with a channel each, 1 KB, 10 messages a second, 60 s after the first 30: half of them read 2 KB a second",
			baseline: "channel", runs: LongRuns, peers: apart,
			measures: append([]Measure{
				{Name: rssGrowth, Digits: 1}, {Name: rssMiB, Ratio: true, Digits: 1}, {Name: rssPeakMiB, Digits: 1}, {Name: lost}, {Name: cutOff},
				{Name: healthyShare, Digits: 2}, {Name: p99, Digits: 2}, {Name: microsPerEvent, Ratio: true, Digits: 2},
			}, cores()...),
			parts: []part{{
				load: LoadConfig{Readers: 1000, Own: true, Slow: 500, SlowRate: 2000, SizeBytes: 1000, RatePerSecond: 10, Warm: settling, Measure: time.Minute},
				take: takeTrouble,
			}},
		},
		growth(common),
	}
}

func takeTrouble(r LoadReport, into map[string]float64) {
	takeCost(r, into)
	takeCores(r, into)
	takeAges(r, into)
	into[healthyShare] = 100 * (1 - float64(r.Missing)/float64(max(r.Expected, 1)))
	into[lost] = float64(r.Lost)
	into[cutOff] = float64(r.Cut)
	into[rssMiB], into[rssPeakMiB] = float64(r.RSSBytes)/mib, float64(r.RSSPeakBytes)/mib
	into[rssGrowth] = r.RSSSlope * 60 / mib
}

// growthEvents is how many events a second all readers get together.
const growthEvents = 25_000

func growth(peers []string) plan {
	p := plan{
		name: "growth", title: "one channel, 256 B, 25,000 events a second to 100, 500, 1,000 and 5,000 readers",
		baseline: "channel", runs: LongRuns, peers: peers,
	}
	for _, n := range []int{100, 500, 1000, 5000} {
		p.measures = append(p.measures, Measure{Name: costAt(n), Ratio: true, Digits: 2})
		p.parts = append(p.parts, part{
			load: LoadConfig{Readers: n, SizeBytes: 256, RatePerSecond: growthEvents / float64(n), Warm: warm, Measure: 3 * time.Second},
			take: func(r LoadReport, into map[string]float64) {
				into[costAt(n)] = r.ServingCPU * 1e6 / float64(max(r.AllEvents, 1))
			},
		})
	}
	return p
}
