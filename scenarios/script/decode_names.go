package script

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// pairs goes over the names of a mapping in the order of the file. A name that
// is there already is reported and left out.
func (d *decoder) pairs(node ast.Node, t reflect.Type, s *spot, each func(name string, value ast.Node, kid *spot)) {
	m, ok := node.(*ast.MappingNode)
	if !ok {
		d.refuse(s, "want %s, not %s", wanted(t), what(node))
		return
	}
	lines := make(map[string]int, len(m.Values))
	for _, pair := range m.Values {
		name, ok := scalar(pair.Key)
		key := pair.Key.GetToken()
		if !ok {
			d.at(key, "", "want a word as the name in front of the colon")
			continue
		}
		if line := lines[name]; line > 0 {
			d.at(key, "", "%q is there already, in line %d", short(name), line)
			continue
		}
		lines[name] = key.Position.Line
		each(name, pair.Value, &spot{key: key, mark: key})
	}
}

// byName decodes a mapping by name.
func (d *decoder) byName(node ast.Node, t reflect.Type, s *spot, put func(name string, value reflect.Value)) {
	d.pairs(node, t, s, func(name string, value ast.Node, kid *spot) {
		target := reflect.New(t.Elem()).Elem()
		s.add(name, kid)
		s.list = append(s.list, kid)
		d.into(value, target, kid)
		put(name, target)
	})
}

// fields decodes a mapping of known names. What is not in the file keeps its
// default.
func (d *decoder) fields(node ast.Node, v reflect.Value, s *spot) {
	if g, ok := v.Addr().Interface().(*Group); ok {
		g.Throttle = NoThrottle
	}
	known := keysOf(v.Type())
	d.pairs(node, v.Type(), s, func(name string, value ast.Node, kid *spot) {
		i := slices.Index(known.names, name)
		if i >= 0 {
			s.add(name, kid)
			s.list = append(s.list, kid)
			d.into(value, v.Field(known.fields[i]), kid)
			return
		}
		near := nearest(name, known.names)
		if near == "" {
			d.at(kid.key, "", "unknown key %q: there are %s", short(name), strings.Join(known.names, ", "))
			return
		}
		d.at(kid.key, near, "unknown key %q", short(name))
		if s.at(near) == nil {
			kid.bad = true
			s.add(near, kid) // so that it is not called missing too
		}
	})
}

// keys are the names a mapping may have, with the fields they go to.
type keys struct {
	names  []string
	fields []int
}

func keysOf(t reflect.Type) keys {
	var out keys
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			out.names = append(out.names, name)
			out.fields = append(out.fields, i)
		}
	}
	return out
}

// ruleFields are a threshold with more than its rule.
type ruleFields struct {
	Threshold      string   `yaml:"threshold"`
	AbortOnFail    bool     `yaml:"abort_on_fail"`
	DelayAbortEval Duration `yaml:"delay_abort_eval"`
}

// thresholds decodes rules by their selector: one rule or a list, each a text or
// with more than its text. The spots of the rules are in the order of the rules.
func (d *decoder) thresholds(node ast.Node, all *Thresholds, s *spot) {
	d.pairs(node, reflect.TypeFor[Thresholds](), s, func(_ string, value ast.Node, kid *spot) {
		list, ok := value.(*ast.SequenceNode)
		switch {
		case value.Type() == ast.NullType, ok && len(list.Values) == 0:
			d.at(kid.key, "", "no rule: want for example %s", exampleRule)
		case !ok:
			d.rule(value, all, s, kid)
		default:
			for i, rule := range list.Values {
				entry := &spot{key: kid.key, mark: entryToken(list, i)}
				if rule.Type() == ast.NullType {
					d.refuse(entry, "no rule: want for example %s", exampleRule)
					continue
				}
				d.rule(rule, all, s, entry)
			}
		}
	})
}

// exampleRule is a rule of a threshold.
const exampleRule = `"max < 100MiB"`

// rule decodes a rule about the selector that is the key of its spot.
func (d *decoder) rule(node ast.Node, all *Thresholds, s, kid *spot) {
	var fields ruleFields
	at := kid
	if _, ok := node.(*ast.MappingNode); ok {
		d.into(node, reflect.ValueOf(&fields).Elem(), kid)
		if at = kid.at("threshold"); !at.there() {
			d.at(kid.mark, "", "threshold is missing: want for example threshold: %s", exampleRule)
		}
		if delay := kid.at("delay_abort_eval"); delay.there() && !kid.at("abort_on_fail").there() {
			d.at(delay.name(), "", "delay_abort_eval does nothing without abort_on_fail: true")
		}
	} else {
		d.into(node, reflect.ValueOf(&fields.Threshold).Elem(), kid)
	}
	if !at.good() {
		return
	}
	t, err := parseThreshold(kid.key.Value, at.text, d.v)
	var where *textError
	switch {
	case errors.As(err, &where) && !where.InRule:
		d.inText(kid.key, "want a selector", kid.key.Value, err)
		return
	case err != nil:
		d.inText(at.mark, "want a rule", at.text, err)
		return
	}
	t.AbortOnFail, t.DelayAbortEval = fields.AbortOnFail, fields.DelayAbortEval
	t.Line = d.src.find(at.mark).line
	*all = append(*all, t)
	s.list = append(s.list, &spot{key: kid.key, mark: at.mark, text: at.text})
}
