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
	fields  []field // in the order in which they were first set
	readers []field // how many, by group
	lanes   []field // throttles
}

type field struct{ name, value string } // value is JSON

const throttleField = "throttleBytesPerSecond"

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
	p.fields = set(p.fields, throttleField, rateJSON(r))
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

// Readers sets how many readers of a group each lane has.
func (p *Patch) Readers(group string, count int64) {
	p.readers = set(p.readers, group, strconv.FormatInt(count, 10))
}

// Empty reports whether there is nothing to send.
func (p *Patch) Empty() bool { return len(p.fields)+len(p.readers)+len(p.lanes) == 0 }

// Take returns the body for PATCH and empties p.
func (p *Patch) Take() string {
	fields := within(p.fields, "readers", p.readers, "count")
	fields = within(fields, "lanes", p.lanes, throttleField)
	*p = Patch{}
	return object(fields)
}

// within adds an object with one setting of each of several things by name.
func within(fields []field, name string, of []field, setting string) []field {
	if len(of) == 0 {
		return fields
	}
	for i, f := range of {
		of[i].value = object([]field{{setting, f.value}})
	}
	return append(fields, field{name, object(of)})
}

// object is a JSON object.
func object(fields []field) string {
	body, separator := "{", ""
	for _, f := range fields {
		body += separator + quote(f.name) + ":" + f.value
		separator = ","
	}
	return body + "}"
}

// quote is a JSON string (RFC 8259, section 7). Control characters and invalid
// bytes, which no name of ours has, become question marks.
func quote(s string) string {
	quoted := []rune{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			quoted = append(quoted, '\\')
		case r < ' ':
			r = '?'
		}
		quoted = append(quoted, r)
	}
	return string(append(quoted, '"'))
}

func rateJSON(r throttle.Rate) string {
	if r < 0 {
		return "null"
	}
	return strconv.FormatInt(int64(r), 10)
}
