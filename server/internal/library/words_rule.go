package library

import (
	"strconv"
	"strings"

	"spillway/scenarios/script"
)

// aggregations as they stand before the name of a metric.
var aggregations = map[string]string{
	"min": "the lowest ", "max": "the highest ", "avg": "the average ", "med": "the median of ",
	"rate": "the rate of ", "value": "the last ", "last": "the last ",
}

var operators = map[script.Operator]string{
	"<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "==": "", "!=": "not",
}

// ruleWords says a threshold as a sentence.
func ruleWords(t script.Threshold, v script.Vocabulary) RuleWords {
	m := metricOf(t.Metric, v)
	words := []string{measured(t.Aggregation, t.Selector, m), "is"}
	if operator := operators[t.Operator]; operator != "" {
		words = append(words, operator)
	}
	if of := t.Wanted.Of; of != nil {
		if of.Factor != 1 {
			words = append(words, strconv.FormatFloat(of.Factor, 'f', -1, 64)+" times")
		}
		words = append(words, measured(of.Aggregation, of.Selector, metricOf(of.Selector.Metric, v)))
	} else {
		words = append(words, spaced(script.FormatValue(m.UnitOf(t.Aggregation), t.Wanted.Number)))
	}
	sentence := strings.Join(words, " ") + "."
	return RuleWords{
		Words:  strings.ToUpper(sentence[:1]) + sentence[1:],
		Text:   t.Selector.String() + ": " + t.Text,
		Metric: spoken(t.Metric), Help: m.Help, Aborts: t.AbortOnFail,
	}
}

func metricOf(name string, v script.Vocabulary) script.Metric {
	for _, m := range v.Metrics {
		if m.Name == name {
			return m
		}
	}
	return script.Metric{Name: name}
}

// measured is an aggregated metric and whose it is. A label that is left out
// stands for each.
func measured(a script.Aggregation, s script.Selector, m script.Metric) string {
	before, ok := aggregations[a.Name]
	switch {
	case m.Kind == script.Counter && a.Name != "rate":
		before = "the number of "
	case a.Name == "count":
		before = "the number of values of "
	case !ok:
		before = "p" + strconv.FormatFloat(a.N, 'f', -1, 64) + " of "
	}
	out := before + spoken(s.Metric)
	switch {
	case s.Reader == script.You:
		out += " of your tab"
	case s.Reader != "":
		out += " of the group " + s.Reader
	case m.Reader && !m.Whole:
		out += " of each group of readers"
	}
	switch {
	case !m.Lane:
		return out
	case s.Lane == "":
		return out + " in each lane"
	case s.Reader != "":
		return out + " in " + s.Lane
	}
	return out + " of " + s.Lane
}

// spoken is a metric's name as words.
func spoken(metric string) string { return strings.ReplaceAll(metric, "_", " ") }
