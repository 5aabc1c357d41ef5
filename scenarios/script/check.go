package script

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// checker holds what was read to what makes sense. It asks the spots what the
// file has, so that a value that could not be read is not called missing too.
type checker struct {
	*report
	v    Vocabulary
	s    *Scenario
	root *spot
	file File

	laneNames  []string // nil where the lanes are wrong
	groupNames []string // likewise; you are one of them
}

// How long texts may be, in characters.
const (
	maxTitle    = 80
	maxQuestion = 160
	maxCaption  = 160
	maxNote     = 400
	maxAbout    = 2000
	maxOption   = 80 // of a prediction
	maxTag      = 24
	maxTags     = 12
	maxMinutes  = 60
)

func (c *checker) check() {
	if c.root.bad {
		return
	}
	c.head()
	c.lanes()
	c.readers()
	c.workload()
	c.ghosts()
	c.steps()
	c.thresholds()
}

// bad reports something about a value.
func (c *checker) bad(s *spot, nearest, format string, args ...any) {
	c.at(s.token(), nearest, format, args...)
}

// missing reports that a mapping lacks a key.
func (c *checker) missing(parent *spot, key, want string) {
	var where *token.Token
	if parent != c.root {
		where = parent.name()
	}
	c.at(where, "", "%s is missing: want %s", key, want)
}

// head checks what describes the scenario.
func (c *checker) head() {
	switch version := c.root.at("version"); {
	case !version.there():
		c.missing(c.root, "version", "version: 1")
	case version.good() && c.s.Version != 1:
		c.bad(version, "", "version %d: this program reads version 1", c.s.Version)
	}
	if !c.root.at("title").there() {
		c.missing(c.root, "title", "a few words")
	}
	c.sentence(c.root, "title", c.s.Title, maxTitle)
	c.text(c.root, "about", c.s.About, maxAbout)
	c.sentence(c.root, "statement", c.s.Statement, maxQuestion)
	c.sentence(c.root, "question", c.s.Question, maxQuestion)
	c.whole(c.root.at("minutes"), "minutes", int64(c.s.Minutes), 0, maxMinutes)
	c.words(c.root.at("tags"), "tag", c.s.Tags, 0, maxTags, maxTag)
}

// text checks how long a text is.
func (c *checker) text(parent *spot, key, text string, most int) {
	s := parent.at(key)
	if !s.good() {
		return
	}
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		c.bad(s, "", "%s is empty: want text", key)
	case n > most:
		c.bad(s, "", "%s has %d characters, at most %d", key, n, most)
	}
}

// sentence checks a text of one line.
func (c *checker) sentence(parent *spot, key, text string, most int) {
	c.text(parent, key, text, most)
	if s := parent.at(key); s.good() && strings.Contains(text, "\n") {
		c.bad(s, "", "%s has more than one line", key)
	}
}

// words checks a list of different words.
func (c *checker) words(s *spot, noun string, words []string, least, most, length int) {
	if !s.good() {
		return
	}
	if len(words) < least || len(words) > most {
		c.bad(s, "", "%d %ss: want %d to %d", len(words), noun, least, most)
	}
	for i, word := range words {
		entry := s.item(i)
		if !entry.good() {
			continue
		}
		switch n := utf8.RuneCountInString(word); {
		case n == 0:
			c.bad(entry, "", "the %s is empty", noun)
		case n > length:
			c.bad(entry, "", "the %s has %d characters, at most %d", noun, n, length)
		case strings.Contains(word, "\n"):
			c.bad(entry, "", "the %s has more than one line", noun)
		case i < maxTags && slices.Index(words, word) < i:
			c.bad(entry, "", "the %s %q is there twice", noun, word)
		}
	}
}

// oneOf checks a word that must be there and known.
func (c *checker) oneOf(parent *spot, key, word string, known []string) {
	s := parent.at(key)
	if !s.there() {
		c.missing(parent, key, either(known))
		return
	}
	c.known(s, s.token(), key, word, known)
}

// known checks a word that must be known; where is its place.
func (c *checker) known(s *spot, where *token.Token, noun, word string, known []string) bool {
	if !s.good() {
		return false
	}
	if slices.Contains(known, word) {
		return true
	}
	c.at(where, nearest(word, known), "%s", unknown(noun, word, known))
	return false
}

// unknown says which words there are, unless the nearest is told anyway.
func unknown(noun, word string, known []string) string {
	text := "unknown " + noun + " " + quoted(word)
	if nearest(word, known) != "" {
		return text
	}
	if len(known) == 0 {
		return text + ": there is none"
	}
	return text + ": want " + either(known)
}
