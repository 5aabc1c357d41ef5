package schema

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"spillway/scenarios/script"
)

// language is the scenario language with the words of a vocabulary.
type language struct{ v script.Vocabulary }

// How values are written, as regular expressions that every engine knows.
const (
	plain     = `(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?`
	size      = plain + ` *(?:[KMG]i?B|kB|B)`
	rate      = plain + ` */s`
	bytesRate = size + `/s`
	percent   = plain + ` *%`
	duration  = `\+?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+`
	name      = `[a-z0-9-]{1,24}`
)

// writtenAs is the expression and an example for each unit.
var writtenAs = map[script.Unit]struct{ pattern, want, example string }{
	script.UnitNone:           {plain, "a plain number, for example 100", "100"},
	script.UnitBytes:          {size, "a size with its unit, for example 64KiB or 1MB", "64KiB"},
	script.UnitBytesPerSecond: {bytesRate, "bytes per second, for example 4KB/s", "4KB/s"},
	script.UnitPerSecond:      {rate, "a number per second, for example 10/s", "10/s"},
	script.UnitSeconds:        {duration, "a time with its unit, for example 500ms, 5s or 1m30s", "5s"},
	script.UnitPercent:        {percent, "percent, for example 40%", "40%"},
}

// text is a string that looks like pattern. want is what editors say when it
// does not: patternErrorMessage is their word, other tools pass over it.
func text(pattern, want string, examples ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Pattern: "^(?:" + pattern + ")$", Extras: map[string]any{"patternErrorMessage": "want " + want}}
	for _, e := range examples {
		s.Examples = append(s.Examples, e)
	}
	return s
}

func ofUnit(u script.Unit) *jsonschema.Schema {
	w := writtenAs[u]
	return text(w.pattern, w.want, w.example)
}

// enum is one of a few words.
func enum[T ~string](words ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

// whole is a whole number within bounds. A most of 0 is no bound.
func whole(least, most int64) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	within(s, least, most)
	return s
}

func within(s *jsonschema.Schema, least, most int64) {
	s.Minimum = jsonNumber(least)
	if most > 0 {
		s.Maximum = jsonNumber(most)
	}
}

// byName is a mapping of names to what is defined as def.
func byName(def string, least, most uint64) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type:                 "object",
		PropertyNames:        ref("Name"),
		AdditionalProperties: ref(def),
	}
	if least > 0 {
		s.MinProperties = &least
	}
	if most > 0 {
		s.MaxProperties = &most
	}
	return s
}

func ref(def string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + def} }

// words defines everything that is written as one word or one line, and the
// rules.
func (l language) words() jsonschema.Definitions {
	you := ref("Group")
	for _, key := range []string{"count", "away", "buffer", "connection"} { // the browser's tabs have none
		you.AllOf = append(you.AllOf, without(key))
	}
	defs := jsonschema.Definitions{
		"Name":       text(name, "a name: lower-case letters, digits and dashes, at most 24"),
		"Size":       ofUnit(script.UnitBytes),
		"Rate":       ofUnit(script.UnitPerSecond),
		"Duration":   ofUnit(script.UnitSeconds),
		"Throttle":   text("none|"+bytesRate, "bytes per second, for example 4KB/s, or none", "4KB/s", "none"),
		"Buffer":     text("os|"+size, "a size with its unit, for example 64KiB, or os", "64KiB", "os"),
		"Conditions": l.conditions(),
		"You":        you,
	}
	defs["Name"].Not = enum("both", "all") // they mean several lanes
	l.rules(defs)
	return defs
}

// written maps the types of package script that are not written like Go values.
func (l language) written(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[script.Size](), reflect.TypeFor[script.Rate](), reflect.TypeFor[script.Duration](),
		reflect.TypeFor[script.Throttle](), reflect.TypeFor[script.Buffer](), reflect.TypeFor[script.Conditions](), reflect.TypeFor[script.Thresholds]():
		return ref(t.Name())
	case reflect.TypeFor[script.GOGC]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{whole(1, 1_000_000), enum("off")}}
	case reflect.TypeFor[script.RestartPolicy]():
		return enum(script.RestartNever, script.RestartOnFailure)
	case reflect.TypeFor[script.Hop]():
		return enum(script.HopProxy, script.HopBuffering)
	case reflect.TypeFor[script.Executor]():
		return enum(script.ConstantArrivalRate, script.RampingArrivalRate)
	case reflect.TypeFor[script.Channels]():
		return enum(script.PerReader, script.Shared)
	case reflect.TypeFor[script.Options]():
		return &jsonschema.Schema{Type: "object"} // by strategy, see constrain
	case reflect.TypeFor[script.Lanes]():
		return byName("Lane", 1, uint64(l.v.Bounds.MaxLanes))
	case reflect.TypeFor[script.Ghosts]():
		return byName("Ghost", 1, 0)
	case reflect.TypeFor[script.Readers]():
		s := byName("Group", 0, 0)
		if most := uint64(l.v.Bounds.MaxGroups + 1); most > 1 {
			s.MaxProperties = &most // you besides them
		}
		s.Properties = jsonschema.NewProperties()
		s.Properties.Set(script.You, ref("You"))
		return s
	case reflect.TypeFor[map[string]script.SetGroup]():
		return byName("SetGroup", 1, 0)
	case reflect.TypeFor[map[string]script.SetLane]():
		return byName("SetLane", 1, 0)
	}
	return nil
}

// option is a setting of a strategy.
func option(o script.Option) *jsonschema.Schema {
	s := ofUnit(o.Unit)
	if o.Unit == script.UnitNone {
		s = whole(int64(o.Min), int64(o.Max))
	}
	s.Description = o.Help
	if s.Default = o.Default; o.Unit == script.UnitNone {
		if n, err := strconv.Atoi(o.Default); err == nil {
			s.Default = n
		}
	}
	return s
}

// alternatives joins expressions so that any of them fits.
func alternatives(all []string) string { return "(?:" + strings.Join(all, "|") + ")" }
