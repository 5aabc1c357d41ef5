package page

import (
	"net/url"
	"slices"
	"strings"
)

// Group is a heading of the gallery.
type Group struct {
	Title string
	About string // a sentence; empty: none
}

// more is the heading of lessons that come with the program and have none.
const more = "More"

// numbered is a card with its place among all.
type numbered struct {
	Card
	number int
}

// section is a heading and the cards that are shown under it.
type section struct {
	Group
	id    string // of the heading
	cards []numbered
}

// sections are the headings that have something to show. What a person wrote and
// what has no heading is not among them; see ownCards.
func (g Gallery) sections() []section {
	groups := append(slices.Clone(g.Groups), Group{Title: more})
	var out []section
	for _, group := range groups {
		s := section{Group: group, id: "group-" + strings.ReplaceAll(strings.ToLower(group.Title), " ", "-")}
		for _, c := range g.shown() {
			if !g.isOwn(c.Card) && g.heading(c.Card) == group.Title {
				s.cards = append(s.cards, c)
			}
		}
		if len(s.cards) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// ownCards are what a person wrote, but for what takes the place of a built-in
// lesson: that stays where the other was.
func (g Gallery) ownCards() []numbered {
	return slices.DeleteFunc(g.shown(), func(c numbered) bool { return !g.isOwn(c.Card) })
}

func (g Gallery) isOwn(c Card) bool { return c.Own && g.heading(c) == more }

// heading is the title of the section that a card stands in.
func (g Gallery) heading(c Card) string {
	if slices.ContainsFunc(g.Groups, func(group Group) bool { return group.Title == c.Group }) {
		return c.Group
	}
	return more
}

// shown are the cards of the tag. They keep their numbers.
func (g Gallery) shown() []numbered {
	var out []numbered
	for i, c := range g.Cards {
		if g.Tag == "" || slices.Contains(c.Tags, g.Tag) {
			out = append(out, numbered{c, i + 1})
		}
	}
	return out
}

// tagged is a tag and how many lessons have it.
type tagged struct {
	tag   string
	count int
}

// word is the tag without its kind.
func (t tagged) word() string { return wordOf(t.tag) }

// tagRow is the tags of one kind.
type tagRow struct {
	kind string // empty: of no kind
	tags []tagged
}

// tagRows are the tags of all lessons: those of no kind, the most used first,
// and then a row for each kind, by name. "strategy:block" is of the kind
// strategy. A tag of no kind that one lesson alone has picks nothing; it is left
// out unless it is the one that picks now.
func (g Gallery) tagRows() []tagRow {
	counts := map[string]int{}
	for _, c := range g.Cards {
		for _, t := range c.Tags {
			counts[t]++
		}
	}
	rows := map[string][]tagged{}
	for tag, n := range counts {
		if kindOf(tag) == "" && n < 2 && tag != g.Tag {
			continue
		}
		rows[kindOf(tag)] = append(rows[kindOf(tag)], tagged{tag, n})
	}
	var out []tagRow
	for kind, tags := range rows {
		slices.SortFunc(tags, func(a, b tagged) int {
			if a.count != b.count {
				return b.count - a.count
			}
			return strings.Compare(a.tag, b.tag)
		})
		out = append(out, tagRow{kind, tags})
	}
	slices.SortFunc(out, func(a, b tagRow) int { return strings.Compare(a.kind, b.kind) })
	return out
}

// kindOf is what stands before the colon of a tag; empty without one.
func kindOf(tag string) string {
	kind, _, ok := strings.Cut(tag, ":")
	if !ok {
		return ""
	}
	return kind
}

func wordOf(tag string) string {
	_, word, ok := strings.Cut(tag, ":")
	if !ok {
		return tag
	}
	return word
}

func tagLink(tag string) string { return "/lessons?tag=" + url.QueryEscape(tag) }
