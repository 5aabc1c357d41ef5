package script

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// maxNesting is far above what the language needs. The YAML library takes
// quadratic time for what is nested in a line.
const maxNesting = 64

// nesting is how deep brackets and dashes of one line are nested at most; too
// much rather than too little, for brackets in texts count too.
func nesting(text []byte) int {
	deepest, open := 0, 0
	for line := range bytes.Lines(text) {
		dashes := 0
		for rest, ok := bytes.CutPrefix(bytes.TrimLeft(line, " "), []byte("- ")); ok; rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " "), []byte("- ")) {
			dashes++
		}
		open += bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{"))
		deepest = max(deepest, dashes, open)
		open = max(0, open-bytes.Count(line, []byte("]"))-bytes.Count(line, []byte("}")))
	}
	return deepest
}

// onlyPlain refuses what the language does without: several documents in a file,
// anchors and aliases (a few lines of which can stand for gigabytes), tags.
func onlyPlain(file *ast.File) error {
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType {
		return errors.New("the file is empty")
	}
	if len(file.Docs) > 1 {
		return at(file.Docs[1].Body, "one file is one scenario")
	}
	if node := first(file, ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType, ast.DirectiveType); node != nil {
		return at(node, "anchors, aliases and tags are not part of the language")
	}
	return nil
}

// onlyWhole refuses numbers with a fraction: there is none without a unit, and
// the YAML library would cut it off.
func onlyWhole(file *ast.File) error {
	if node := first(file, ast.FloatType, ast.InfinityType, ast.NanType); node != nil {
		return at(node, "want a whole number, or quotes around what is text")
	}
	return nil
}

// first is the first node of one of the types; nil if there is none.
func first(file *ast.File, types ...ast.NodeType) ast.Node {
	f := finder{types: types}
	ast.Walk(&f, file.Docs[0].Body)
	return f.found
}

type finder struct {
	types []ast.NodeType
	found ast.Node
}

// Visit is called by ast.Walk for every node.
func (f *finder) Visit(node ast.Node) ast.Visitor {
	if f.found == nil && slices.Contains(f.types, node.Type()) {
		f.found = node
	}
	return f
}

// at is an error about a node; a nil node is about the file as a whole.
func at(node ast.Node, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if node == nil || node.GetToken() == nil {
		return errors.New(message)
	}
	return &yaml.SyntaxError{Message: message, Token: node.GetToken()}
}

// find is the node at a path, or the nearest above it that is there; nil if
// there is none.
func find(file *ast.File, path string) ast.Node {
	for path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(file); err == nil {
				return node
			}
		}
		path = path[:strings.LastIndexByte(path, '.')]
	}
	return nil
}

// readable is err with its position and the source line, without words of Go.
func readable(err error) error {
	var kind *yaml.TypeError
	var overflow *yaml.OverflowError
	var positioned yaml.Error
	switch {
	case errors.As(err, &kind):
		err = &yaml.SyntaxError{Message: wanted(kind.DstType), Token: kind.Token}
	case errors.As(err, &overflow):
		err = &yaml.SyntaxError{Message: overflow.SrcNum + " is too large", Token: overflow.Token}
	}
	if errors.As(err, &positioned) {
		return errors.New(strings.TrimRight(positioned.FormatError(false, true), "\n "))
	}
	return err
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "want a whole number"
	case reflect.String:
		return "want text"
	}
	return "want names and their values"
}
