package page

// Fault is the page for a request that has no answer.
type Fault struct {
	Assets Assets
	Status int    // HTTP status: 400, 403, 404, 500
	Title  string // "There is no such run"
	Text   string // one sentence: what was asked, what can be done
	Back   string // URL of the way back; empty: "/"
}

func (f Fault) back() string {
	if f.Back == "" {
		return "/"
	}
	return f.Back
}
