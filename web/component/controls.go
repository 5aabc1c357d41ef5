package component

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/figure"
)

// Controls is the strip below the lanes.
type Controls struct {
	Throttle throttle.Rate // of the slow readers, where the lanes do not differ
	Own      throttle.Rate // of this tab's reader, until the client says otherwise
	Settings wire.Settings
	Lanes    []Lane
}

// scaleStop is a labelled rate below the throttle's slider.
type scaleStop struct {
	rate  throttle.Rate
	label string
}

// scale lists the stops from the slowest. The rates between them are a factor of
// ten apart, so that a listener sees the scale is logarithmic.
var scale = []scaleStop{
	{throttle.Stopped, "stopped"},
	{10_000, "10 KB/s"},
	{100_000, "100 KB/s"},
	{1_000_000, "1 MB/s"},
	{throttle.Unlimited, "unlimited"},
}

// minor lists the rates of the short ticks: 2 and 5 of each decade.
var minor = []throttle.Rate{2_000, 5_000, 20_000, 50_000, 200_000, 500_000, 2_000_000, 5_000_000}

// at is where a rate lies on the slider, as an SVG length.
func at(r throttle.Rate) string {
	return strconv.FormatFloat(float64(throttle.Position(r))*100/throttle.Positions, 'f', -1, 64) + "%"
}

// anchor keeps the outer labels within the slider's width.
func (s scaleStop) anchor() string {
	switch s.rate {
	case throttle.Stopped:
		return "start"
	case throttle.Unlimited:
		return "end"
	}
	return "middle"
}

func position(r throttle.Rate) string { return strconv.Itoa(throttle.Position(r)) }

// knobs are those that do something: a workload with sizes of its own has none
// for them, and a crowd of steady readers none for the slow ones.
func knobs(s wire.Settings) []figure.Knob {
	var out []figure.Knob
	for _, k := range figure.Knobs {
		switch {
		case k.Key == "size" && s.SizeBytes == 0, k.Key == figure.SlowReaders && s.SlowGroup == "":
			continue
		case k.Key == figure.SlowReaders:
			k.Label = upper(figure.Readers(s.SlowGroup))
		}
		out = append(out, k)
	}
	return out
}

// upper begins a text with a capital.
func upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// value is a knob's place in the settings.
func value(k figure.Knob, s wire.Settings) int64 {
	switch k.Key {
	case figure.SlowReaders:
		return int64(s.SlowReaders)
	case "rate":
		return int64(s.MilliRate / 1000)
	case "size":
		return int64(s.SizeBytes)
	}
	return 0
}
