package model

import (
	"slices"
	"strconv"

	"spillway/wasm/throttle"
)

// Patch collects changes of the run that a person made and that are not sent
// yet. A newer value of a setting replaces the older one, so however fast a
// slider moves, one body says it all. The zero value is empty.
type Patch struct {
	fields []field // in the order in which they were first set
	lanes  []field
}

type field struct{ name, value string } // value is JSON

func set(fields []field, name, value string) []field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return append(fields, field{name, value})
	}
	fields[i].value = value
	return fields
}

// Throttle sets the rate of the slow readers of all lanes. It takes back what
// was set for single lanes and is not sent yet.
func (p *Patch) Throttle(r throttle.Rate) {
	p.fields = set(p.fields, "throttleBytesPerSecond", rateJSON(r))
	p.lanes = nil
}

// LaneThrottle sets the rate of the slow readers of one lane.
func (p *Patch) LaneThrottle(lane string, r throttle.Rate) {
	p.lanes = set(p.lanes, lane, rateJSON(r))
}

// Paused sets whether the slow readers read at all.
func (p *Patch) Paused(paused bool) {
	p.fields = set(p.fields, "paused", strconv.FormatBool(paused))
}

// Number sets a setting of the load.
func (p *Patch) Number(name string, value int64) {
	p.fields = set(p.fields, name, strconv.FormatInt(value, 10))
}

// Empty reports whether there is nothing to send.
func (p *Patch) Empty() bool { return len(p.fields) == 0 && len(p.lanes) == 0 }

// Take returns the body for PATCH and empties p.
func (p *Patch) Take() []byte {
	body := []byte{'{'}
	for i, f := range p.fields {
		body = appendMember(body, i, f.name)
		body = append(body, f.value...)
	}
	if len(p.lanes) > 0 {
		body = appendMember(body, len(p.fields), "lanes")
		body = append(body, '{')
		for i, f := range p.lanes {
			body = appendMember(body, i, f.name)
			body = append(body, `{"throttleBytesPerSecond":`...)
			body = append(body, f.value...)
			body = append(body, '}')
		}
		body = append(body, '}')
	}
	*p = Patch{}
	return append(body, '}')
}

func rateJSON(r throttle.Rate) string {
	if r < 0 {
		return "null"
	}
	return strconv.FormatInt(int64(r), 10)
}

// appendMember writes the beginning of an object's member.
func appendMember(dst []byte, index int, name string) []byte {
	if index > 0 {
		dst = append(dst, ',')
	}
	dst = appendString(dst, name)
	return append(dst, ':')
}

// appendString writes a JSON string (RFC 8259, section 7).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // invalid bytes become U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = append(dst, string(r)...)
		}
	}
	return append(dst, '"')
}
