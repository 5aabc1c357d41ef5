package outcome

import "strings"

// table has figures as rows and lanes as columns; of the lanes as many beside
// each other as the width holds.
func (s *summary) table(r Result) {
	rows := r.Rows()
	if len(rows) == 0 {
		return
	}
	labels := 0
	for i, row := range rows {
		rows[i].Label = row.textLabel()
		labels = max(labels, length(rows[i].Label))
	}
	for from := 0; from < len(r.Lanes); {
		from = s.lanes(r, rows, labels, from)
	}
}

const (
	indent = 2 // before the labels of the table
	gap    = 2 // before each column
	signed = 4 // before what follows a sign
	least  = 9 // columns of a lane, for its name; longer ones are cut where there is a width
)

// lanes writes the columns of lanes from from on and returns the first it had no
// room for.
func (s *summary) lanes(r Result, rows []Row, labels, from int) int {
	used, to := indent+labels, from
	var widths []int
	for to < len(r.Lanes) {
		width := min(max(length(r.Lanes[to].Name), least), 16)
		if s.Width == 0 {
			width = max(width, length(r.Lanes[to].Name))
		}
		for _, row := range rows {
			width = max(width, length(row.Cells[to]))
		}
		if to > from && !s.fits(used+gap+width) {
			break
		}
		used, widths, to = used+gap+width, append(widths, width), to+1
	}
	line := strings.Repeat(" ", indent) + left("", labels)
	for i, width := range widths {
		line += strings.Repeat(" ", gap) + s.paint(right(shorten(r.Lanes[from+i].Name, width), width), bold)
	}
	s.WriteString(line + "\n")
	for _, row := range rows {
		empty := true
		for _, c := range row.Cells[from:to] {
			empty = empty && c == None
		}
		if empty {
			continue
		}
		line := strings.Repeat(" ", indent) + left(row.Label, labels)
		for i, width := range widths {
			cell := right(row.Cells[from+i], width)
			if row.Label == "state" && strings.HasPrefix(row.Cells[from+i], "✕") {
				cell = s.paint(cell, red)
			}
			line += strings.Repeat(" ", gap) + cell
		}
		s.WriteString(line + "\n")
	}
	s.WriteByte('\n')
	return to
}

// textLabel names the part of the table where the label alone does not say it.
func (r Row) textLabel() string {
	switch {
	case r.Part == partBacklog && !strings.HasPrefix(r.Label, " ") && r.Label != labelStall:
		return "backlog, " + r.Label
	case r.Part == partAge:
		return "age " + r.Label
	}
	return r.Label
}
