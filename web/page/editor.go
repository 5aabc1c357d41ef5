package page

// Editor is the page where a copy of a scenario is edited, checked and run. The
// text stays in the browser until it is run.
type Editor struct {
	Assets   Assets
	Steer    bool
	From     string // name of the lesson it began with; empty: a new one
	Title    string // of that lesson
	Text     string
	FileName string    // of the download
	Check    string    // URL that takes the text and answers with what is wrong: "/api/scenario/check?from=NAME"
	Run      string    // URL that takes the text and runs it: "/api/run/script?from=NAME"
	Summary  string    // of a valid text: "2 lanes, 8 steps, 4 rules"
	Problems []Problem // of the text as it is
}

func (e Editor) title() string {
	if e.Title == "" {
		return "A new scenario"
	}
	return "A copy of “" + e.Title + "”"
}

// back leads to the lesson, or to all of them.
func (e Editor) back() string {
	if e.From == "" {
		return "/lessons"
	}
	return LinksOf(e.From).Page
}

// status is what the script says too once it has checked.
func (e Editor) status() string {
	if len(e.Problems) > 0 {
		return count(len(e.Problems), "error")
	}
	return "ok: " + e.Summary
}
