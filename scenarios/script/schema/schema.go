// Package schema describes the scenario language as a JSON Schema, from which
// editors complete and check as somebody types. It knows the keys, the words and
// how numbers are written; what depends on the rest of the file (is there such a
// lane, can this ever be true) only the parser in package script knows.
//
// Keys and what they mean come from the Go types of package script and the
// comments behind their fields, so a new field is in the schema by itself. It is
// used when the schema is generated, and is no part of the program.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"spillway/scenarios/script"
)

// Generate returns the schema (draft 2020-12) of the language with the words
// and bounds of v. source holds the Go files of package script. The same input
// makes the same bytes on every machine.
func Generate(v script.Vocabulary, source fs.FS) ([]byte, error) {
	comments, err := readComments(source)
	if err != nil {
		return nil, err
	}
	l := language{v: v}
	reflector := jsonschema.Reflector{
		Anonymous:                  true,
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true, // there are none: constraints says what is required
		Mapper:                     l.written,
		LookupComment:              func(t reflect.Type, field string) string { return comments.of(t.Name(), field) },
	}
	root := reflector.Reflect(&script.Scenario{})
	root.Title = "Spillway scenario"
	defs := l.words()
	add := func(all jsonschema.Definitions) {
		for name, def := range all {
			defs[name] = def
		}
	}
	add(root.Definitions)
	for _, one := range []any{&script.Lane{}, &script.Group{}, &script.Ghost{}, &script.SetGroup{}, &script.SetLane{}} {
		whole := reflector.Reflect(one)
		add(whole.Definitions)
		whole.Version, whole.Definitions = "", nil
		defs[reflect.TypeOf(one).Elem().Name()] = whole
	}
	root.Definitions = defs
	if err := l.constrain(root); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, plain, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the schema: %w", err)
	}
	out.WriteByte('\n')
	// The library escapes for HTML, which makes the expressions unreadable.
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out.String())), nil
}
