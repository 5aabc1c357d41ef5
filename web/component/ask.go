package component

// Ask is a prediction that the audience is asked for. The zero value shows
// nothing.
type Ask struct {
	Question string
	Options  []string
	Answer   string // one of them; empty until it is revealed
	Because  string // likewise
}

// said is what became of a visitor's choice.
func (a Ask) said(choice string) string {
	if choice == a.Answer {
		return "You said so."
	}
	return "You said: " + choice + "."
}
