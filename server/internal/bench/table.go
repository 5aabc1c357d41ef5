package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes a work for a terminal: a row for each peer, of each measure
// the median and behind it the smallest and the largest value.
func (w Work) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s: %s (%s)\n", w.Name, w.Title, times(w.count()))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range w.rows(w.Measures, cell) {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	for _, p := range w.Peers {
		if p.Title != "" {
			fmt.Fprintf(out, "  %s: %s\n", p.Name, p.Title)
		}
	}
	fmt.Fprintln(out)
	return nil
}

// Markdown is a work for a README, with the named measures only. A figure that
// has a ratio beside it is there for its size; the spread is that of the ratio.
func (w Work) Markdown(names ...string) string {
	var measures []Measure
	for _, name := range names {
		for _, m := range w.Measures {
			if m.Name == name {
				measures = append(measures, m)
			}
		}
	}
	var b strings.Builder
	short := func(values []float64, m Measure) string {
		if m.Ratio && w.Baseline != "" && len(values) > 0 {
			return number(SpreadOf(values).Median, m.Digits)
		}
		return cell(values, m)
	}
	for i, row := range w.rows(measures, short) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString("| --- |" + strings.Repeat(" ---: |", len(row)-1) + "\n")
		}
	}
	return b.String()
}

// rows are the head of a table and a row for each peer.
func (w Work) rows(measures []Measure, cell func([]float64, Measure) string) [][]string {
	head := []string{""}
	for _, m := range measures {
		if head = append(head, m.Name); m.Ratio && w.Baseline != "" {
			head = append(head, "× "+w.Baseline)
		}
	}
	all := [][]string{head}
	for _, p := range w.Peers {
		row := []string{p.Name}
		for _, m := range measures {
			if row = append(row, cell(p.Runs[m.Name], m)); m.Ratio && w.Baseline != "" {
				row = append(row, ratioCell(w.Ratios(p, m.Name)))
			}
		}
		all = append(all, row)
	}
	return all
}

// cell is the median, and in brackets the spread where there is one.
func cell(values []float64, m Measure) string {
	if len(values) == 0 {
		return "–"
	}
	s := SpreadOf(values)
	text := number(s.Median, m.Digits)
	if low, high := number(s.Min, m.Digits), number(s.Max, m.Digits); low != high {
		text += " (" + low + "–" + high + ")"
	}
	return text
}

// ratioDigits is what a ratio needs to tell one twentieth apart.
const ratioDigits = 2

func ratioCell(values []float64) string { return cell(values, Measure{Digits: ratioDigits}) }

// number groups thousands with commas: 1,910,000.
func number(v float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if v < 0 && strings.Trim(whole, "0.") != "" {
		whole = "−" + whole
	}
	return whole
}

func times(n int) string {
	if n == 1 {
		return "1 run"
	}
	return strconv.Itoa(n) + " runs"
}
