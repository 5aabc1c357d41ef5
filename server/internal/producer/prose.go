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

// paragraphBreak is the token between two paragraphs, as it is in JSON.
const paragraphBreak = `\n\n`

// token is what one chunk of an answer carries.
type token struct {
	text        string // escaped for use inside a JSON string
	sentenceEnd bool
}

// tokensOf cuts a text much as a language model's vocabulary does: a word brings
// the space before it along, long words come in pieces, punctuation and
// paragraph breaks are tokens of their own. The last token is a paragraph break,
// so that the text can begin again behind it.
func tokensOf(text string) []token {
	var tokens []token
	add := func(s string, sentenceEnd bool) {
		quoted, _ := json.Marshal(s) // a string always encodes
		tokens = append(tokens, token{string(quoted[1 : len(quoted)-1]), sentenceEnd})
	}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
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
		add("\n\n", false)
	}
	return tokens
}
