package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// comments are those behind the fields of structs: type, field, text.
type comments map[string]map[string]string

// readComments reads the Go files of a package.
func readComments(source fs.FS) (comments, error) {
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return nil, fmt.Errorf("list Go files: %w", err)
	}
	out := make(comments)
	for _, name := range names {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return nil, fmt.Errorf("read Go file: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parse Go file: %w", err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				out.take(g)
			}
		}
	}
	return out, nil
}

func (c comments) take(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		fields := make(map[string]string)
		for _, f := range s.Fields.List {
			for _, name := range f.Names {
				fields[name.Name] = strings.TrimSpace(f.Comment.Text())
			}
		}
		c[t.Name.Name] = fields
	}
}

// changed are the types that change what another type describes. Their fields
// mean the same, but what is left out stays as it is.
var changed = map[string]string{"SetWorkload": "Workload", "SetGroup": "Group", "SetLane": "Lane"}

// of is the comment of a field, or nothing.
func (c comments) of(typeName, field string) string {
	if text := c[typeName][field]; text != "" {
		return text
	}
	text, _, _ := strings.Cut(c[changed[typeName]][field], "; left out")
	return text
}
