package script

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder puts a tree into Go values by their yaml tags. Other than the one of
// the YAML library it goes on after an error, and remembers where each value
// stands.
type decoder struct {
	*report
	v Vocabulary
}

// textual is a type that is written as one word.
type textual interface{ parse(text string) error }

// into decodes a node. What is wrong is reported, and v is then not to be used.
func (d *decoder) into(node ast.Node, v reflect.Value, s *spot) {
	s.mark = node.GetToken()
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle {
		s.mark = s.key
		if s.key == nil && len(m.Values) > 0 {
			s.mark = m.Values[0].Key.GetToken()
		}
	} else if l, ok := node.(*ast.SequenceNode); ok && !l.IsFlowStyle && s.key != nil {
		s.mark = s.key
	}
	if node.Type() == ast.NullType {
		if s.key != nil {
			s.mark = s.key
		}
		d.refuse(s, "%shas no value: want %s", named(s.key), wanted(v.Type()))
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch target := v.Addr().Interface().(type) {
	case textual:
		d.text(node, v, s, target.parse)
	case *Conditions:
		d.text(node, v, s, func(text string) (err error) {
			*target, err = parseCondition(text, d.v)
			return err
		})
	case *Thresholds:
		d.thresholds(node, target, s)
	default:
		d.kind(node, v, s)
	}
}

// named is the beginning of a sentence about a value.
func named(key *token.Token) string {
	if key == nil {
		return "the entry "
	}
	return key.Value + " "
}

func (d *decoder) kind(node ast.Node, v reflect.Value, s *spot) {
	switch v.Kind() {
	case reflect.Struct:
		d.fields(node, v, s)
	case reflect.Map:
		d.byName(node, v.Type(), s, func(name string, value reflect.Value) {
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(reflect.ValueOf(name), value)
		})
	case reflect.Slice:
		if field, ok := nameFields[v.Type()]; ok {
			d.byName(node, v.Type(), s, func(name string, value reflect.Value) {
				value.FieldByName(field).SetString(name)
				v.Set(reflect.Append(v, value))
			})
			return
		}
		d.items(node, v, s)
	default:
		d.text(node, v, s, func(text string) error { return plain(v, text, node) })
	}
}

// nameFields are the lists that are a mapping by name in the file, with the
// field that takes the name.
var nameFields = map[reflect.Type]string{
	reflect.TypeFor[Lanes]():   "Name",
	reflect.TypeFor[Readers](): "Name",
	reflect.TypeFor[Ghosts]():  "Lane",
}

// refuse reports what is wrong with a value as a whole.
func (d *decoder) refuse(s *spot, format string, args ...any) {
	s.bad = true
	d.at(s.mark, "", format, args...)
}

// maxText is longer than any text may be; those that are for people have closer
// bounds.
const maxText = 4000

// text decodes a scalar.
func (d *decoder) text(node ast.Node, v reflect.Value, s *spot, parse func(string) error) {
	text, ok := scalar(node)
	if !ok {
		d.refuse(s, "want %s, not %s", wanted(v.Type()), what(node))
		return
	}
	if n := utf8.RuneCountInString(text); n > maxText {
		d.refuse(s, "%d characters, at most %d", n, maxText)
		return
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && unreadableRune(c) }) {
		d.refuse(s, "a text with a control character")
		return
	}
	s.text = text
	err := parse(text)
	if err == nil {
		return
	}
	s.bad = true
	d.inText(s.mark, "want "+wanted(v.Type()), text, err)
}

// inText reports an error about a part of a text.
func (d *decoder) inText(tk *token.Token, otherwise, text string, err error) {
	var where *textError
	switch {
	case errors.As(err, &where) && (where.At > 0 || where.Length < len(text)):
		d.add(d.src.within(tk, where.At, where.Length), where.Nearest, "%s", where.Text)
	case errors.As(err, &where):
		d.at(tk, where.Nearest, "%s", where.Text)
	default:
		d.at(tk, "", "%s, not %s", otherwise, strconv.Quote(short(text)))
	}
}

// short is a text that fits into an error.
func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// errKind says that a text is not of the kind that was wanted.
var errKind = errors.New("other kind of value")

// plain decodes the kinds that need no unit.
func plain(v reflect.Value, text string, node ast.Node) error {
	tk := node.GetToken()
	quoted := tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.TrimSpace(text))
		return nil
	case reflect.Bool:
		if node.Type() != ast.BoolType {
			return unreadable(text, map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}[strings.ToLower(text)],
				"want true or false, not %q", short(text))
		}
		v.SetBool(strings.EqualFold(text, "true"))
		return nil
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
		return wholeNumber(text, quoted, err)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && v.OverflowInt(n) {
		err = strconv.ErrRange
	}
	v.SetInt(n)
	return wholeNumber(text, quoted, err)
}

func wholeNumber(text string, quoted bool, err error) error {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return unreadable(text, "", "%s is too large", short(text))
	case err != nil:
		return errKind
	case quoted:
		return unreadable(text, text, "want a whole number without quotes")
	}
	return nil
}

// scalar is the text of a node that is neither names nor a list.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// items decodes a list.
func (d *decoder) items(node ast.Node, v reflect.Value, s *spot) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.refuse(s, "want %s, not %s", wanted(v.Type()), what(node))
		return
	}
	for i, entry := range list.Values {
		kid := &spot{mark: entryToken(list, i)}
		if entry.Type() == ast.NullType {
			d.refuse(kid, "the entry has no value: want %s", wanted(v.Type().Elem()))
		}
		s.list = append(s.list, kid)
		value := reflect.New(v.Type().Elem()).Elem()
		if !kid.bad {
			d.into(entry, value, kid)
		}
		if step, ok := value.Addr().Interface().(*Step); ok {
			step.Line = d.src.find(kid.mark).line
		}
		v.Set(reflect.Append(v, value))
	}
}

// entryToken is the dash of an entry without a value, or else its value.
func entryToken(list *ast.SequenceNode, i int) *token.Token {
	value := list.Values[i]
	if value.Type() == ast.NullType && i < len(list.Entries) && list.Entries[i].Start != nil {
		return list.Entries[i].Start
	}
	return value.GetToken()
}
