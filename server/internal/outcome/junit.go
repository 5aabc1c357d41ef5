package outcome

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"spillway/server/internal/record"
)

// The elements of a JUnit file that Jenkins and GitLab read: one suite for each
// scenario, one case for the run itself, for each threshold and each wait. There
// is no standard; names and order are those of the XSD of Jenkins' xUnit plugin.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Time     string   `xml:"time,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name       string     `xml:"name,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       string     `xml:"time,attr"`
		Timestamp  string     `xml:"timestamp,attr"`
		Properties []property `xml:"properties>property"`
		Cases      []testcase `xml:"testcase"`
		Out        string     `xml:"system-out"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    string   `xml:"time,attr"`
		Skipped *trouble `xml:"skipped"`
		Error   *trouble `xml:"error"`
		Failure *trouble `xml:"failure"`
	}
	trouble struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a report that continuous integration reads.
func WriteJUnit(w io.Writer, results ...Result) error {
	all := suites{Name: "spillway"}
	total := 0.0
	for _, r := range results {
		s, err := suiteOf(r)
		if err != nil {
			return err
		}
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		total += r.ElapsedSeconds
		all.Suites = append(all.Suites, s)
	}
	all.Time = clock(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write outcome as JUnit XML: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write outcome as JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write outcome as JUnit XML: %w", err)
	}
	return nil
}

func suiteOf(r Result) (suite, error) {
	var text strings.Builder
	if err := WriteText(&text, r, TextOptions{}); err != nil {
		return suite{}, err
	}
	s := suite{
		Name: r.Scenario, Time: clock(r.ElapsedSeconds),
		Timestamp:  r.StartedAt.UTC().Format("2006-01-02T15:04:05"),
		Properties: []property{{"run", r.RunID}, {"command", r.Command}, {"spillway", r.Environment.Spillway}, {"os", r.Environment.OS}, {"broker", r.Environment.Broker}},
		Out:        text.String(),
	}
	s.Cases = append(s.Cases, runCase(r))
	for _, c := range r.Checks {
		s.Cases = append(s.Cases, checkCase(r, c))
	}
	for _, w := range r.Waits() {
		s.Cases = append(s.Cases, waitCase(r, w))
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	return s, nil
}

// runCase is an error where the run did not end by itself or by a threshold.
func runCase(r Result) testcase {
	c := testcase{Name: "the run goes to its end", Class: r.Scenario, Time: clock(r.ElapsedSeconds)}
	if r.Ending != record.Completed && r.Ending != record.Aborted {
		c.Error = &trouble{Message: r.Closing(), Type: string(r.Ending), Text: r.Closing()}
	}
	return c
}

func checkCase(r Result, check Check) testcase {
	c := testcase{Name: check.Name + ": " + check.Rule, Class: r.Scenario, Time: clock(check.AtSeconds)}
	if !check.Holds {
		message := "wanted " + check.Wanted + ", seen " + check.Seen
		c.Failure = &trouble{Message: message, Type: "threshold", Text: check.Name + ": " + check.Rule + "\n" + message + "\n"}
	}
	return c
}

func waitCase(r Result, w Step) testcase {
	c := testcase{Name: fmt.Sprintf("waits until %s (line %d)", w.Condition, w.Line), Class: r.Scenario, Time: clock(0)}
	if w.RunSeconds != nil {
		c.Time = clock(*w.RunSeconds)
	}
	switch w.State {
	case StepTimedOut:
		message := "not true within " + w.AtMost
		c.Failure = &trouble{Message: message, Type: "wait", Text: w.Condition + ": " + message + "\n"}
	case StepComing, StepCurrent:
		c.Skipped = &trouble{Message: "the run ended before"}
	}
	return c
}

func clock(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }
