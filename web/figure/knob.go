package figure

import (
	"strconv"
	"strings"

	"spillway/web/chart"
)

// Knob is a live setting of the load with the values its slider stops at.
type Knob struct {
	Key   string // name of the slider, data-set
	Field string // name in the body of PATCH /api/run; empty: the number of readers of a group
	Label string // of that number only where the group is not known
	Help  string
	Steps []int64
	Text  func(int64) string
}

// SlowReaders is the key of the knob for how many readers the first group has on
// which the throttle acts.
const SlowReaders = "slowReaders"

// Knobs lists the settings of the load. Everything between the steps can be set
// through the API; the bounds are the server's.
var Knobs = []Knob{
	{SlowReaders, "", "Readers",
		"Synthetic readers of this group in every lane. The slider “Slow the readers” acts on them.",
		[]int64{0, 1, 10, 20, 50, 100, 150, 200, 250, 300, 400, 500},
		func(v int64) string { return chart.Count(uint64(max(v, 0))) }},
	{"rate", "ratePerSecond", "Messages",
		"Messages per second on the channel of each reader.",
		[]int64{1, 2, 5, 10, 15, 20, 30, 50, 75, 100},
		func(v int64) string { return strconv.FormatInt(v, 10) + "/s" }},
	{"size", "sizeBytes", "Size",
		"Bytes of one message, its head included.",
		[]int64{128, 256, 512, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10},
		size},
}

// size is chart.Bytes without the decimal of whole KiB, which the steps are.
func size(v int64) string {
	if v >= 1<<10 && v < 1<<20 && v%(1<<10) == 0 {
		return strconv.FormatInt(v>>10, 10) + " KiB"
	}
	return chart.Bytes(float64(v))
}

// Readers is what a group of readers is called: "slow readers", or just
// "phones" where its name says already that it is several.
func Readers(group string) string {
	if strings.HasSuffix(group, "s") {
		return group
	}
	return group + " readers"
}

// Nearest is the index of the step closest to v.
func (k Knob) Nearest(v int64) int {
	best := 0
	for i, s := range k.Steps {
		if abs(s-v) < abs(k.Steps[best]-v) {
			best = i
		}
	}
	return best
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
