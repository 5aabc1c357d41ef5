package script

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// wants says of each type what to write, with an example where it helps.
var wants = map[reflect.Type]string{
	reflect.TypeFor[Size]():          "a size with its unit, for example 64KiB or 1MB",
	reflect.TypeFor[Rate]():          "messages per second, for example 10/s",
	reflect.TypeFor[Throttle]():      "bytes per second, for example 4KB/s, or none",
	reflect.TypeFor[Duration]():      "a time with its unit, for example 500ms, 5s or 1m30s",
	reflect.TypeFor[Buffer]():        "a size with its unit, for example 64KiB, or os",
	reflect.TypeFor[GOGC]():          "percent as a whole number, or off",
	reflect.TypeFor[RestartPolicy](): "never or on-failure",
	reflect.TypeFor[Hop]():           "proxy or buffering-proxy",
	reflect.TypeFor[Executor]():      "constant-arrival-rate or ramping-arrival-rate",
	reflect.TypeFor[Channels]():      "per-reader or shared",
	reflect.TypeFor[Conditions]():    "a condition, for example rss{lane:push} > 100MiB",
	reflect.TypeFor[Thresholds]():    "metrics and their rules",
	reflect.TypeFor[Lanes]():         "a name for each lane and its parts below",
	reflect.TypeFor[Readers]():       "a name for each group and its settings below",
	reflect.TypeFor[Ghosts]():        "the name of a lane and its measured series below",
	reflect.TypeFor[Options]():       "the options of the strategy",
	reflect.TypeFor[[]Step]():        "a list of steps, each behind a dash",
	reflect.TypeFor[[]Stage]():       "a list of stages, each behind a dash",
	reflect.TypeFor[[]string]():      "a list, for example [a, b]",
}

// wanted says what to write where a value of a type belongs.
func wanted(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if words, ok := wants[t]; ok {
		return words
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint64:
		return "a whole number of 0 or more"
	}
	return "names and their values"
}

// what says what a node is.
func what(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode:
		return "names and their values"
	case *ast.SequenceNode:
		return "a list"
	}
	return "text"
}

var (
	typeRate     = reflect.TypeFor[Rate]()
	typeDuration = reflect.TypeFor[Duration]()
)
