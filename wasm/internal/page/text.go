//go:build js && wasm

package page

import (
	"strconv"
	"strings"
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/figure"
)

// text is an element whose text follows the samples.
type text struct {
	element js.Value
	value   func() (s string, known bool)
	shown   string
}

// findTexts looks up all live elements. They change only when a fragment brings
// new ones or the lanes are others.
func (p *page) findTexts() {
	p.texts = p.texts[:0]
	find := func(attr string, valueOf func(of, key string) func() (string, bool)) {
		dom.Each(dom.Document(), "["+attr+"]", func(e js.Value) {
			name := dom.Attr(e, attr)
			dot := strings.LastIndexByte(name, '.')
			if dot < 0 {
				return
			}
			if value := valueOf(name[:dot], name[dot+1:]); value != nil {
				p.texts = append(p.texts, &text{element: e, value: value, shown: e.Get("textContent").String()})
			}
		})
	}
	find("data-live", p.liveValue)
	find("data-own", p.ownValue)
}

// paintTexts writes what changed. What is not known yet stays as the server
// painted it.
func (p *page) paintTexts() {
	for _, t := range p.texts {
		if s, known := t.value(); known && s != t.shown {
			t.shown = s
			t.element.Set("textContent", s)
		}
	}
}

// liveValue is how data-live="OF.KEY" gets its text; nil for an unknown one.
func (p *page) liveValue(of, key string) func() (string, bool) {
	if of == "run" {
		return p.runValue(key)
	}
	textOf := laneText(key)
	for i, l := range p.lanes {
		if l.info.Name == of && textOf != nil {
			return func() (string, bool) {
				if p.sample == nil || i >= len(p.sample.Lanes) {
					return "", false
				}
				return textOf(p.sample.Lanes[i]), true
			}
		}
	}
	return nil
}

func laneText(key string) func(wire.LaneSample) string {
	switch key {
	case "rss":
		return figure.RSS
	case "limit":
		return func(s wire.LaneSample) string {
			if s.Limit == 0 {
				return figure.None
			}
			return chart.MiB(float64(s.Limit))
		}
	}
	for _, list := range [][]figure.Figure{figure.All, figure.Memory} {
		for _, f := range list {
			if f.Key == key {
				return f.Text
			}
		}
	}
	return nil
}

func (p *page) runValue(key string) func() (string, bool) {
	var textOf func(*wire.Sample) string
	switch key {
	case "clock":
		textOf = func(s *wire.Sample) string { return chart.Clock(float64(s.ElapsedMicros) / 1e6) }
	case "broker":
		textOf = func(s *wire.Sample) string { return chart.Bytes(float64(s.BrokerUsed)) }
	case "produced":
		textOf = func(s *wire.Sample) string { return chart.Count(s.Produced) }
	default:
		return nil
	}
	return func() (string, bool) {
		if p.sample == nil {
			return "", false
		}
		return textOf(p.sample), true
	}
}

// ownValue is how data-own="LANE.KEY" gets its text: this tab's own reader.
func (p *page) ownValue(of, key string) func() (string, bool) {
	for i, l := range p.lanes {
		if l.info.Name != of {
			continue
		}
		r := l.reader
		var textOf func() string
		switch key {
		case "rate":
			textOf = func() string { return chart.ByteRate(r.meter.PerSecond()) }
		case "messages":
			textOf = func() string { return chart.Count(r.report.Account.Messages) }
		case "gaps":
			textOf = func() string { return chart.Count(r.report.Account.Gaps) }
		case "between":
			textOf = func() string { return p.between(i) }
		case "held":
			textOf = func() string { return chart.Bytes(float64(r.report.Held)) }
		case "wasm":
			textOf = func() string { return chart.Bytes(float64(r.report.WASMBytes)) }
		default:
			return nil
		}
		return func() (string, bool) {
			if r.report.State == "" {
				return "", false
			}
			return textOf(), true
		}
	}
	return nil
}

// showCurl keeps the command that reads a lane's stream in step with its port.
func (p *page) showCurl() {
	dom.Each(dom.Document(), "[data-curl]", func(e js.Value) {
		for _, l := range p.lanes {
			if l.info.Name == dom.Attr(e, "data-curl") && l.info.Port != 0 {
				flags := "-N"
				if l.info.Secure {
					flags = "-Nk"
				}
				dom.SetText(e, "curl "+flags+" '"+laneURL(l.info)+"'")
			}
		}
	})
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
