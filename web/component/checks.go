package component

import "strconv"

// Checks are the rules of a scenario as they stand. Without rules nothing is
// shown.
type Checks struct {
	Final bool // the steps are done: nothing changes any more
	Rules []Check
}

// Check is one rule.
type Check struct {
	Name string // of the metric: rss{lane:push}
	Rule string // "max > 200MiB"
	Seen string // "254.3MiB", "no value"
	Mark CheckMark
}

// CheckMark says how a rule stands.
type CheckMark uint8

// How a rule can stand.
const (
	CheckOpen CheckMark = iota // nothing was measured yet
	CheckHolds
	CheckFails
)

func (m CheckMark) sign() string { return [...]string{"·", "✓", "✗"}[m] }

func (m CheckMark) word() string { return [...]string{"open", "holds", "does not hold"}[m] }

// count is "4 of 5 rules hold so far".
func (c Checks) count() string {
	if len(c.Rules) == 0 {
		return ""
	}
	holding := 0
	for _, r := range c.Rules {
		if r.Mark == CheckHolds {
			holding++
		}
	}
	verb := " hold"
	if len(c.Rules) == 1 {
		verb += "s"
	}
	text := strconv.Itoa(holding) + " of " + plural(len(c.Rules), "rule") + verb
	if !c.Final {
		text += " so far"
	}
	return text
}
