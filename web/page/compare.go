package page

// Compare is the page of the decision table: every strategy on the same load.
type Compare struct {
	Assets     Assets
	Steer      bool
	Strategies []CompareChoice
	Seconds    string // how long readers are slow, as the form begins
	MaxSeconds string
	Length     string // of all of it with these seconds: "about half a minute"
	Load       string // a sentence: readers, messages, throttle
	Current    string // title of what runs now, whose place it takes
	Table      CompareTable
	Command    string // that compares the same in a terminal
	Scenario   string // that is played, as a file
}

// CompareChoice is a strategy that can be compared.
type CompareChoice struct {
	Name    string
	Title   string // a few words
	Explain string // a paragraph
	Lesson  string // URL of a lesson about it; empty: none
	Chosen  bool
}

// CompareTable is the newest comparison as it is now.
type CompareTable struct {
	Playing bool
	Status  string // a sentence; empty before the first
	Steer   bool   // whoever looks may stop it
	Sort    string // key of the column that decides the order; empty: that of the strategies
	Turned  bool   // the most first
	Columns []CompareColumn
	Rows    []CompareRow
}

// CompareColumn is a figure.
type CompareColumn struct {
	Key   string
	Title string
	Help  string
}

// CompareRow is a strategy. It has a cell for each column.
type CompareRow struct {
	Strategy string
	Title    string
	Lesson   string // URL; empty: none
	Fate     string // "killed after 12 s"; empty for one that lives
	Cells    []CompareCell
}

// CompareCell is one figure, and how it stands out: "best", "worst" or nothing.
type CompareCell struct {
	Text string
	Mark string
}

// Addresses of the comparison.
const (
	ComparePage = "/compare"
	CompareBody = "/compare/table"
	CompareFile = "/compare.csv"
	CompareAPI  = "/api/compare"
	CompareStop = "/api/compare/stop"
)

// sortHref sorts by a column; by the one that decides already, the other way
// round.
func (t CompareTable) sortHref(key string) string {
	href := ComparePage + "?sort=" + key
	if key == t.Sort && !t.Turned {
		href += "&turned=true"
	}
	return href
}

// ariaSort is how a column decides the order.
func (t CompareTable) ariaSort(key string) string {
	switch {
	case key != t.Sort:
		return "none"
	case t.Turned:
		return "descending"
	}
	return "ascending"
}

// Away stands where the stage would: a comparison has more lanes than a page
// shows beside each other.
type Away struct {
	Assets Assets
	Status string
}

func (t CompareTable) sign() string {
	if t.Playing {
		return "◔"
	}
	return "■"
}
