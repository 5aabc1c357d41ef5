package schema

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/invopop/jsonschema"

	"spillway/scenarios/script"
)

func jsonNumber(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// without refuses a key.
func without(key string) *jsonschema.Schema {
	return &jsonschema.Schema{Not: with(key)}
}

// with asks for keys.
func with(keys ...string) *jsonschema.Schema { return &jsonschema.Schema{Required: keys} }

// where is the condition that a key is there and has this value.
func where(key, value string) *jsonschema.Schema {
	s := with(key)
	s.Properties = jsonschema.NewProperties()
	s.Properties.Set(key, &jsonschema.Schema{Const: value})
	return s
}

// constrainer changes properties of definitions, and remembers the first that
// is not there: then the types of package script and this file differ.
type constrainer struct {
	root *jsonschema.Schema
	err  error
}

func (c *constrainer) def(name string) *jsonschema.Schema {
	if name == "" {
		return c.root
	}
	if def := c.root.Definitions[name]; def != nil {
		return def
	}
	c.err = fmt.Errorf("the schema has no definition %s", name)
	return &jsonschema.Schema{Properties: jsonschema.NewProperties()}
}

func (c *constrainer) property(def, key string) *jsonschema.Schema {
	if p, ok := c.def(def).Properties.Get(key); ok {
		return p
	}
	c.err = fmt.Errorf("the schema has no key %s in %q", key, def)
	return new(jsonschema.Schema)
}

// replace puts a schema into the place of a property, whose description stays.
func (c *constrainer) replace(def, key string, s *jsonschema.Schema) {
	s.Description = c.property(def, key).Description
	c.def(def).Properties.Set(key, s)
}

// constrain adds what the Go types do not say: what must be there, which words
// there are, and what goes together.
func (l language) constrain(root *jsonschema.Schema) error {
	c := &constrainer{root: root}
	b := l.v.Bounds
	strategies := make([]string, len(l.v.Strategies))
	for i, s := range l.v.Strategies {
		strategies[i] = s.Name
	}
	for def, required := range map[string][]string{
		"":         {"version", "title", "lanes", "workload"},
		"Lane":     {"source", "strategy", "transport"},
		"Workload": {"kind"},
		"Stage":    {"duration", "target"},
		"Ghost":    {"file", "column", "unit", "caption"},
		"Predict":  {"question", "options", "answer"},
	} {
		c.def(def).Required = required
	}
	c.replace("", "version", &jsonschema.Schema{Const: 1})
	c.replace("Lane", "source", enum(l.v.Sources...))
	c.replace("Lane", "strategy", enum(strategies...))
	c.replace("Lane", "transport", enum(l.v.Transports...))
	c.replace("Group", "read", enum(l.v.Ways...))
	c.replace("Group", "connection", enum(string(script.OwnConnection), string(script.SharedConnection)))
	c.replace("Workload", "kind", enum(l.v.Workloads...))
	c.replace("Step", "pause", enum(script.PausePresenter))
	for _, n := range []struct {
		def, key string
		most     int64
	}{
		{"", "minutes", 60}, {"", "seed", 0}, {"Group", "count", int64(b.MaxReaders)}, {"SetGroup", "count", int64(b.MaxReaders)},
		{"Workload", "retention", b.MaxRetention}, {"SetWorkload", "retention", b.MaxRetention},
	} {
		within(c.property(n.def, n.key), 0, n.most)
	}
	l.lane(c)
	l.workload(c)
	l.steps(c)
	return c.err
}

// lane adds the options of each strategy.
func (l language) lane(c *constrainer) {
	lane := c.def("Lane")
	for _, s := range l.v.Strategies {
		options := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
		for _, o := range s.Options {
			options.Properties.Set(o.Name, option(o))
		}
		then := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
		then.Properties.Set("options", options)
		lane.AllOf = append(lane.AllOf, &jsonschema.Schema{If: where("strategy", s.Name), Then: then})
	}
	lane.AllOf = append(lane.AllOf, &jsonschema.Schema{If: with("restart_delay"), Then: where("restart", string(script.RestartOnFailure))},
		&jsonschema.Schema{If: with("hop"), Then: &jsonschema.Schema{Not: where("transport", "sse-http2")}},
		&jsonschema.Schema{If: where("hop", string(script.HopBuffering)), Then: where("transport", "sse")})
}

// workload ties the rate to its executor and the size to its kind.
func (l language) workload(c *constrainer) {
	w := c.def("Workload")
	w.AllOf = append(w.AllOf,
		&jsonschema.Schema{If: where("executor", string(script.RampingArrivalRate)), Then: with("stages"),
			Else: &jsonschema.Schema{Required: []string{"rate"}, Not: with("stages")}},
		&jsonschema.Schema{If: with("size"), Then: where("kind", "fixed")})
	least, most := uint64(1), uint64(20)
	stages := c.property("Workload", "stages")
	stages.MinItems, stages.MaxItems = &least, &most
}

// steps adds that a step has one time, and does something.
func (l language) steps(c *constrainer) {
	if most := uint64(l.v.Bounds.MaxSteps); most > 0 {
		c.property("", "steps").MaxItems = &most
	}
	step := c.def("Step")
	step.OneOf = []*jsonschema.Schema{with("at"), with("after"), with("wait_until")}
	step.DependentRequired = map[string][]string{"wait_until": {"timeout"}, "timeout": {"wait_until"}}
	for _, key := range []string{"wait_until", "set", "restart", "say", "note", "predict", "reveal", "pause"} {
		c.property("Step", key)
		step.AnyOf = append(step.AnyOf, with(key))
	}
	c.replace("Step", "restart", ref("Name"))
	least, most := uint64(2), uint64(6)
	options := c.property("Predict", "options")
	options.MinItems, options.MaxItems, options.UniqueItems = &least, &most, true
	something := uint64(1)
	for _, def := range []string{"Set", "SetWorkload", "SetGroup", "SetLane"} {
		c.def(def).MinProperties = &something
	}
}
