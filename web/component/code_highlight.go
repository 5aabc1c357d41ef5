package component

import (
	"go/scanner"
	"go/token"
	"html"
	"strings"
)

// Highlight is a Go file line by line, as HTML: with classes for what the
// language calls each word, and nothing of it changed.
func Highlight(source string) []string {
	var p painted
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments) // what is no Go is shown as it is
	type word struct {
		from, to int
		tok      token.Token
	}
	var words []word
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		from := file.Offset(pos)
		if tok == token.SEMICOLON && text == "\n" {
			continue
		}
		if !tok.IsLiteral() && tok != token.COMMENT {
			text = tok.String()
		}
		words = append(words, word{from, min(from+len(text), len(source)), tok})
	}
	done := 0
	for i, w := range words {
		if w.from < done || w.tok == token.ILLEGAL {
			continue
		}
		p.write("", source[done:w.from])
		class := classOf(w.tok)
		if w.tok == token.IDENT && i+1 < len(words) && words[i+1].tok == token.LPAREN {
			class = "fn"
		}
		p.write(class, source[w.from:w.to])
		done = w.to
	}
	p.write("", source[done:])
	lines := strings.Split(p.out.String(), "\n")
	if n := len(lines); n > 1 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines
}

func classOf(t token.Token) string {
	switch {
	case t == token.COMMENT:
		return "co"
	case t == token.STRING, t == token.CHAR:
		return "st"
	case t == token.INT, t == token.FLOAT, t == token.IMAG:
		return "nu"
	case t.IsKeyword():
		return "kw"
	}
	return ""
}

// painted is HTML in which no element goes over the end of a line.
type painted struct{ out strings.Builder }

func (p *painted) write(class, text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			p.out.WriteByte('\n')
		}
		line = html.EscapeString(line)
		if class == "" || line == "" {
			p.out.WriteString(line)
			continue
		}
		p.out.WriteString(`<span class="` + class + `">` + line + `</span>`)
	}
}
