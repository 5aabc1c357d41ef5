package script

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a file. They are far above what a scenario needs; the YAML
// library takes quadratic time for much of what lies beyond them: < in a line,
// empty lines behind a block of text, values that are left out, keys of one
// mapping, names within names.
const (
	maxLines      = 4000
	maxLine       = 1000 // characters
	maxEmptyLines = 10   // one after the other
	maxMarks      = 20_000
	maxTokens     = 12000
	maxKeys       = 1000 // of one mapping
	maxKey        = 120  // characters
	maxNesting    = 20
)

// byteOrderMark begins the files of some editors.
var byteOrderMark = []byte("\xef\xbb\xbf")

// read turns a text into its tree, or reports why there is none.
func read(text []byte, r *report) ast.Node {
	if !plainText(text, r) {
		return nil
	}
	// A tab means no more than a space: the library misreads tabs within quotes,
	// does not count them, and looks ahead at each.
	tokens := scan(spaces(string(text)), r)
	if len(r.problems) > 0 {
		return nil
	}
	file, err := yamlparser.Parse(tokens, 0, yamlparser.AllowDuplicateMapKey())
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		r.at(syntax.Token, "", "%s", advice(syntax.Message))
		return nil
	case err != nil:
		r.add(position{}, "", "not YAML: %s", err)
		return nil
	case len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType:
		r.add(position{}, "", "the file is empty")
		return nil
	}
	return file.Docs[0].Body
}

// plainText reports what would cost too much, or cannot be shown.
func plainText(text []byte, r *report) bool {
	number, empty, signs := 0, 0, 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		empty++
		if len(bytes.TrimLeft(line, " \t")) > 0 {
			empty = 0
		}
		bad := func(at, length int, format string, args ...any) {
			r.add(position{number, utf8.RuneCount(line[:at]) + 1, length}, "", format, args...)
		}
		signs += marksOf(line)
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		tab := bytes.IndexByte(indent, '\t')
		switch at := bytes.IndexFunc(line, unreadableRune); {
		case number > maxLines:
			bad(0, 1, "more than %d lines", maxLines)
			return false
		case empty > maxEmptyLines:
			bad(0, 1, "more than %d empty lines one after the other", maxEmptyLines)
			return false
		case signs > maxMarks:
			bad(0, 1, "too much for one scenario: more than %d brackets, colons, commas and the like", maxMarks)
			return false
		case utf8.RuneCount(line) > maxLine:
			bad(0, 1, "%d characters in a line, at most %d: a long text may go over several lines, behind >-", utf8.RuneCount(line), maxLine)
		case tab >= 0 && empty == 0 && line[len(indent)] != '#':
			bad(tab, len(indent)-tab, "a tab cannot indent: use spaces")
		case at >= 0 && line[at] == '\r':
			bad(at, 1, "a carriage return within a line")
		case at >= 0:
			bad(at, 1, "a byte or a control character that is no text: want UTF-8")
		}
		if len(r.problems) > maxErrors {
			return false
		}
	}
	return len(r.problems) == 0
}

// marksOf counts what may be a token of its own.
func marksOf(line []byte) int {
	n := 0
	for i, b := range line {
		switch b {
		case '[', ']', '{', '}', ',', ':', '?', '%', '<', '!', '&', '*', '@', '`', '\'', '"', '|', '>':
			n++
		case '-':
			if i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t' {
				n++
			}
		}
	}
	return n
}

// unreadableRune is what no editor shows. The rune of broken UTF-8 is one of
// them, also where it is spelt out.
func unreadableRune(c rune) bool {
	return c < ' ' && c != '\t' || c == 0x7f || c == utf8.RuneError || c == 0xfeff
}

// scan splits a text into tokens, without comments, and reports what the
// language does without and what is too much for the parser.
func scan(text string, r *report) token.Tokens {
	var s scanner.Scanner
	s.Init(text)
	all, err := s.Scan()
	if err != nil && !errors.Is(err, io.EOF) {
		message, tk := err.Error(), (*token.Token)(nil)
		if len(all) > 0 {
			tk = all[len(all)-1]
			message = tk.Error
		}
		r.at(tk, "", "%s", advice(message))
		return nil
	}
	var tokens token.Tokens
	for _, tk := range all {
		if tk.Type != token.CommentType {
			tokens.Add(tk)
		}
	}
	if len(tokens) > maxTokens {
		r.at(tokens[maxTokens], "", "too much for one scenario: more than %d names, values and marks", maxTokens)
		return nil
	}
	onlyPlain(tokens, r)
	nesting(tokens, r)
	return tokens
}

// onlyPlain refuses what the language does without: several documents in a file,
// anchors and aliases (a few lines of which can stand for gigabytes), tags.
func onlyPlain(tokens token.Tokens, r *report) {
	for i, tk := range tokens {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			r.at(tk, "", "anchors, aliases and tags are not part of the language; a text that begins with %s needs quotes", tk.Value[:1])
		case token.DirectiveType:
			r.at(tk, "", "directives are not part of the language; a text that begins with %% needs quotes")
		case token.MappingKeyType:
			r.at(tk, "", "a key is written without ?")
		case token.DocumentHeaderType:
			if i > 0 {
				r.at(tk, "", "one file is one scenario")
			}
		case token.DocumentEndType:
			if i < len(tokens)-1 {
				r.at(tk, "", "one file is one scenario")
			}
		}
	}
}

// nesting bounds how deep and how wide a file is.
func nesting(tokens token.Tokens, r *report) {
	type level struct{ column, keys int }
	var blocks []level
	open := 0
	for i, tk := range tokens {
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			open++
		case token.MappingEndType, token.SequenceEndType:
			open--
		}
		key := i+1 < len(tokens) && tokens[i+1].Type == token.MappingValueType
		if key && len(tk.Value) > maxKey && utf8.RuneCountInString(tk.Value) > maxKey {
			r.at(tk, "", "%d characters in a name, at most %d", utf8.RuneCountInString(tk.Value), maxKey)
			return
		}
		if open <= 0 && (key || tk.Type == token.SequenceEntryType) {
			for len(blocks) > 0 && blocks[len(blocks)-1].column > tk.Position.Column {
				blocks = blocks[:len(blocks)-1]
			}
			if len(blocks) == 0 || blocks[len(blocks)-1].column < tk.Position.Column {
				blocks = append(blocks, level{column: tk.Position.Column})
			}
			if blocks[len(blocks)-1].keys++; blocks[len(blocks)-1].keys > maxKeys {
				r.at(tk, "", "more than %d names or entries below each other", maxKeys)
				return
			}
		}
		if len(blocks)+max(0, open) > maxNesting {
			r.at(tk, "", "nested more than %d deep", maxNesting)
			return
		}
	}
}

// advice says in plain words what the YAML library means. What is not listed is
// said in its own words.
func advice(message string) string {
	for _, known := range []struct{ begins, means string }{
		{"mapping value is not allowed in this context", `a text that contains ": " needs quotes; or this line is indented too far`},
		{"value is not allowed in this context", "want a name and its value, or an entry of the list, indented like those above"},
		{"non-map value is specified", `want a name and its value, for example "rate: 10/s"`},
		{"unexpected key name", `want a name and its value in one line, for example "rate: 10/s"`},
		{"found an invalid key for this map", "want a word as the name in front of the colon"},
		{"map key definition includes an implicit line break", "want the name and its colon in one line"},
		{"could not find end character of", "the quote is never closed"},
		{"',' or ']' must be specified", `want "," or "]"; a text with brackets or commas needs quotes here`},
		{"',' or '}' must be specified", `want "," or "}"; a text with brackets or commas needs quotes here`},
		{"sequence end token ']' not found", `"[" is never closed`},
		{"could not find flow mapping end token", `"{" is never closed`},
		{"could not find '[' character", `"]" without "["`},
		{"could not find '{' character", `"}" without "{"`},
		{"could not find flow map content", `want "name: value" and "}"`},
		{"'@' is a reserved character", "a text that begins with @ needs quotes"},
		{"'`' is a reserved character", "a text that begins with ` needs quotes"},
		{"found unknown escape character", `unknown \ within quotes: "..." knows \n, \t, \" and \\; '...' takes everything as it is`},
	} {
		if strings.HasPrefix(message, known.begins) {
			return known.means
		}
	}
	return "not YAML: " + message
}
