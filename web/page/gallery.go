package page

import (
	"net/url"

	"strconv"
	"strings"
)

// Gallery is the page of all lessons and recordings.
type Gallery struct {
	Assets     Assets
	Steer      bool
	Tag        string  // shows only the lessons that have it; empty: all
	Groups     []Group // headings, in order
	Cards      []Card  // every lesson, in order; the page picks those of the tag
	Trouble    string  // a sentence: why the person's folder is not shown; empty: nothing
	Folder     string  // where the person's scenarios are read from; empty: none was named
	Recordings []Recording
	Compare    string // URL of the comparison of strategies; empty shows no link
}

// Card is one lesson of the gallery.
type Card struct {
	Name     string // of the file, without its ending
	Title    string
	About    string // a paragraph; its first sentence is shown
	Minutes  int    // with a speaker; 0: not said
	Tags     []string
	Group    string // title of its heading; empty: none
	Rules    int    // thresholds
	Own      bool
	Current  bool // it is the one that runs
	Shape    Shape
	Problems []Problem // why the file cannot be played
}

// Recording is a run that was written down.
type Recording struct {
	Title    string // of its scenario
	When     string // "5 October 2026, 14:03"
	Length   string // chart.Clock
	Size     string // chart.Bytes
	Download string // URL
	Report   string // URL of its report; empty: none
}

// Links are the addresses of a lesson. The server has a route for each.
type Links struct {
	Page   string // GET /lessons/NAME
	File   string // GET /lessons/NAME/file
	Edit   string // GET /edit?from=NAME
	Play   string // POST /api/run/scenario/NAME?steps=play
	ByHand string // POST /api/run/scenario/NAME?steps=hand
}

// LinksOf are the addresses of the lesson of that name.
func LinksOf(name string) Links {
	segment := url.PathEscape(name)
	return Links{
		Page:   "/lessons/" + segment,
		File:   "/lessons/" + segment + "/file",
		Edit:   "/edit?from=" + url.QueryEscape(name),
		Play:   "/api/run/scenario/" + segment + "?steps=play",
		ByHand: "/api/run/scenario/" + segment + "?steps=hand",
	}
}

func (c Card) links() Links { return LinksOf(c.Name) }

func (c Card) playable() bool { return len(c.Problems) == 0 }

// title of a file that is not valid is its name.
func (c Card) title() string {
	if c.Title == "" {
		return c.Name
	}
	return c.Title
}

// facts are what the line below the title says.
func (c Card) facts() string {
	var all []string
	if c.Minutes > 0 {
		all = append(all, count(c.Minutes, "minute"))
	}
	if c.Rules > 0 {
		all = append(all, count(c.Rules, "rule")+" to hold")
	}
	return strings.Join(all, " · ")
}

// firstSentence ends at the first full stop that a space follows.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for i := range len(text) - 1 {
		if strings.IndexByte(".!?", text[i]) >= 0 && text[i+1] == ' ' {
			return text[:i+1]
		}
	}
	return text
}

// count writes a number with its noun: "1 rule", "5 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
