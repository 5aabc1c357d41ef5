package metric

import (
	"strings"

	"spillway/scenarios/script"
)

// Labels are those of the metric as tables show them: "lane, reader"; one that
// may be left out, where the lane has a value as a whole, in brackets.
func (d Definition) Labels() string {
	switch {
	case d.Whole:
		return "lane [reader]"
	case d.Reader:
		return "lane, reader"
	case d.Lane:
		return "lane"
	}
	return "none"
}

// UnitWord is what a number counts, in a word.
func UnitWord(u script.Unit) string {
	switch u {
	case script.UnitBytes:
		return "bytes"
	case script.UnitSeconds:
		return "time"
	case script.UnitPercent:
		return "percent"
	}
	return "number"
}

// AggregationsOf lists those of a kind as a rule writes them: "min, p(N)".
func AggregationsOf(k script.Kind) string {
	names := k.Aggregations()
	for i, name := range names {
		if name == "p" {
			names[i] = "p(N)"
		}
	}
	return strings.Join(names, ", ")
}

// KindWord is how a metric is measured, in a word.
func KindWord(k script.Kind) string {
	switch k {
	case script.Counter:
		return "counter"
	case script.Trend:
		return "trend"
	}
	return "gauge"
}
