package producer

import (
	_ "embed"
	"encoding/json"
	"strings"
)

//go:embed prose.txt
var prose string

// maxPieceLetters is where a long word is cut, as the vocabularies of language
// models cut rare words.
const maxPieceLetters = 6

// token is what one chunk of an answer carries.
type token struct {
	text        string // escaped for use inside a JSON string
	sentenceEnd bool
}

// tokensOf cuts a text much as a language model's vocabulary does: a word brings
// the space before it along, long words come in pieces, punctuation and
// paragraph breaks are tokens of their own.
func tokensOf(text string) []token {
	var tokens []token
	add := func(s string, sentenceEnd bool) {
		quoted, _ := json.Marshal(s) // a string always encodes
		tokens = append(tokens, token{string(quoted[1 : len(quoted)-1]), sentenceEnd})
	}
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			add("\n\n", false)
		}
		for j, word := range strings.Fields(paragraph) {
			letters := strings.TrimRight(word, ".,:;")
			marks := word[len(letters):]
			if j > 0 {
				letters = " " + letters
			}
			for len(letters) > 2*maxPieceLetters {
				add(letters[:maxPieceLetters], false)
				letters = letters[maxPieceLetters:]
			}
			add(letters, false)
			if marks != "" {
				add(marks, marks == ".")
			}
		}
	}
	return tokens
}
