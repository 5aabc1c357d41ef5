package outcome

import (
	"encoding/json"
	"fmt"
	"io"
)

// Version is that of the JSON document. Fields may be added to it; one that
// changes its meaning or goes makes a new version.
const Version = 1

// document is what WriteJSON writes.
type document struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Results []result `json:"results"`
}

// result adds what is derived, so that nobody has to derive it again.
type result struct {
	Result
	ExitCode int    `json:"exitCode"`
	Sentence string `json:"sentence"`
}

// WriteJSON writes one document with all results.
func WriteJSON(w io.Writer, results ...Result) error {
	doc := document{Format: "spillway-outcome", Version: Version, Results: []result{}}
	for _, r := range results {
		doc.Results = append(doc.Results, result{r, r.Code(), r.Sentence()})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("write outcome as JSON: %w", err)
	}
	return nil
}
