package component

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/a-h/templ"

	"spillway/wasm/wire"
	"spillway/web/chart"
)

// Account is the part of a card that says where the bytes are.
type Account struct {
	Band    Band
	Bounds  map[string][]Bound // by key of a part: what bounds it in this lane
	Readers string             // URL of the page with each reader; empty shows no link
	Over    string             // URL of the parts over time; empty shows none
}

// Band is what changes once a second. Two of the same content are equal.
type Band struct {
	Lane      string
	Account   wire.Account
	Dead      bool   // its process has ended
	FullBytes uint64 // that the whole width stands for, the same on every card of a run
}

// Bound is a knob that bounds a part, with its value now.
type Bound struct {
	Name, Value string

	// Choices are what whoever steers may set it to; nil where it stays as it is.
	// Setting is the field of the lane in the body of PATCH /api/run.
	Choices       []Choice
	Lane, Setting string
}

// Choice is one of the values of a knob. They are numbers.
type Choice struct {
	Label, Value string
	Chosen       bool
}

// BytesWaiting is what was produced and neither read nor lost, as far as it was found.
func BytesWaiting(a wire.Account) uint64 {
	return a.Broker + a.Backlog + a.SendQueue + a.InFlight + a.Held
}

// BytesLost is what no reader will get, by any rule.
func BytesLost(a wire.Account) uint64 {
	return a.LostStrategy + a.LostTrimmed + a.LostBroker + a.LostLeft
}

// leastFull keeps a calm lane, whose few bytes are on their way, from filling the
// band.
const leastFull = 1 << 20

// FullBytes is what the width of all bands of a run stands for, if the longest of
// them has shown so many bytes: a power of two, or three quarters of one, so that
// growth is seen and the scale seldom changes.
func FullBytes(mostBytes uint64) uint64 {
	mostBytes = max(mostBytes, leastFull)
	if mostBytes > 1<<62 {
		return math.MaxUint64
	}
	full := uint64(1) << bits.Len64(mostBytes-1)
	if three := full / 4 * 3; three >= mostBytes {
		return three
	}
	return full
}

// BytesShown is how much of a band is filled.
func BytesShown(a wire.Account) uint64 { return BytesWaiting(a) + BytesLost(a) }

// segment is one part of a band as it is drawn, in percent of the width.
type segment struct {
	part    Part
	x, wide float64
}

// roomy is from how many percent on a segment has room for its figure, tight from
// where on for its letter; on a narrow screen it takes more.
const (
	roomyPercent, roomyNarrowPercent = 14.5, 27
	tightPercent, tightNarrowPercent = 3, 6
)

func (b Band) segments() []segment {
	var out []segment
	x := 0.0
	for _, p := range Parts {
		if !p.Shown {
			continue
		}
		wide := float64(p.Bytes(b.Account)) / float64(max(b.FullBytes, 1)) * 100
		wide = min(wide, 100-x)
		if wide > 0 {
			out = append(out, segment{p, x, wide})
		}
		x += wide
	}
	return out
}

// room says what a segment has room for, for the style sheet.
func (s segment) room() string {
	switch {
	case s.wide >= roomyNarrowPercent:
		return "all"
	case s.wide >= roomyPercent:
		return "wide"
	case s.wide >= tightNarrowPercent:
		return "letter"
	case s.wide >= tightPercent:
		return "wide-letter"
	}
	return "none"
}

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + "%" }

// Amount is the figure of a part, or of a sum: "produced", "waiting".
func (b Band) Amount(key string) string {
	a := b.Account
	if a == (wire.Account{}) {
		return "–"
	}
	switch key {
	case "produced":
		return size(a.Produced)
	case "waiting":
		return size(BytesWaiting(a))
	case "gap":
		if a.Gap < 0 {
			return "−" + chart.Bytes(-float64(a.Gap))
		}
		return chart.Bytes(float64(a.Gap))
	}
	for _, l := range losses {
		if l.key == key {
			return size(l.bytes(a))
		}
	}
	for _, p := range Parts {
		if p.Key == key {
			if key == "sendqueue" && b.blind() {
				return "not visible"
			}
			return size(p.Bytes(a))
		}
	}
	return "–"
}

// blind reports whether the system tells nothing of send queues.
func (b Band) blind() bool { return b.Account.Unseen > 0 && b.Account.SendQueue == 0 }

func size(bytes uint64) string { return chart.Bytes(float64(bytes)) }

// empty reports whether there is nothing yet to account for.
func (b Band) empty() bool { return b.Account.Produced == 0 && BytesShown(b.Account) == 0 }

// note is what has to be said beside the figures: what is missing in them, and
// where the bytes were that are lost.
func (b Band) note() string {
	a := b.Account
	var says []string
	if b.empty() {
		return "Nothing has been produced for a reader yet."
	}
	for _, l := range losses {
		if bytes := l.bytes(a); bytes > 0 {
			says = append(says, size(bytes)+" "+l.short(b.Dead))
		}
	}
	text := ""
	if len(says) > 0 {
		text = "Lost: " + list(says) + ". "
	}
	switch {
	case b.blind():
		text += "Send queues not visible on this OS: counted as in flight. "
	case a.Unseen > 0:
		text += "Send queues of " + readersOf(a.Unseen) + " not visible: counted as in flight. "
	}
	if a.Silent > 0 {
		text += readersOf(a.Silent) + " reported nothing: counted as consumed. "
	}
	return text
}

func list(of []string) string {
	out := ""
	for i, s := range of {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	return out
}

func readersOf(n uint64) string {
	if n == 1 {
		return "1 reader"
	}
	return chart.Count(n) + " readers"
}

// bound is what bounds a part where no knob of the lane does.
func (p Part) bound() string {
	if p.Bounds == "" {
		return "nothing that is set here"
	}
	return p.Bounds
}

func aboutID(lane string, p Part) string { return "about-" + lane + "-" + p.Key }

// told is what account.js copies to where it is shown.
func (b Band) told() templ.Attributes {
	out := templ.Attributes{
		"data-note": b.note(), "data-full": size(b.FullBytes),
		"data-produced-bytes": strconv.FormatUint(b.Account.Produced, 10),
		"data-waiting-bytes":  strconv.FormatUint(BytesWaiting(b.Account), 10),
		"data-consumed-bytes": strconv.FormatUint(b.Account.Consumed, 10),
		"data-gap-bytes":      strconv.FormatInt(b.Account.Gap, 10),
	}
	for _, key := range []string{"produced", "waiting"} {
		out["data-"+key] = b.Amount(key)
	}
	for _, p := range Parts {
		out["data-"+p.Key] = b.Amount(p.Key)
	}
	for _, l := range losses {
		out["data-"+l.key] = b.Amount(l.key)
	}
	return out
}

func letterOf(key string) string {
	for _, p := range Parts {
		if p.Key == key {
			return p.Letter
		}
	}
	return ""
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// PartsOf are the bytes of the parts that are shown, and their keys.
func PartsOf(a wire.Account) (keys []string, bytes []float64) {
	for _, p := range Parts {
		if p.Shown {
			keys, bytes = append(keys, p.Key), append(bytes, float64(p.Bytes(a)))
		}
	}
	return keys, bytes
}

// BoundsID is the place of what bounds a part of a lane.
func BoundsID(lane, part string) string { return "bounds-" + lane + "-" + part }

func (p Part) name() string {
	if p.Name == "" {
		return p.Label
	}
	return p.Name
}
