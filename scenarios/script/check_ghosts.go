package script

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a measured series.
const (
	maxSeriesBytes = 256 << 10
	maxSeriesRows  = 10_000
)

// columnSeconds has the time of each row.
const columnSeconds = "t_seconds"

// ghosts checks the measured series and reads them.
func (c *checker) ghosts() {
	all := c.root.at("ghost")
	if !all.good() || c.laneNames == nil {
		return
	}
	for i, s := range all.list {
		g := &c.s.Ghosts[i]
		if !c.knownLane(s, s.key, g.Lane) || !s.good() {
			continue
		}
		for _, key := range []struct{ name, want string }{
			{"file", "the name of a CSV file beside the scenario"}, {"column", "a column of the file"},
			{"unit", "what 1 in the column means, for example 1MiB"}, {"caption", "what it is and where it was measured"},
		} {
			if !s.at(key.name).there() {
				c.missing(s, key.name, key.want)
			}
		}
		c.sentence(s, "caption", g.Caption, maxCaption)
		c.bytes(s.at("unit"), "unit", g.Unit, 1, 0)
		if s.at("file").good() && s.at("column").good() {
			c.series(s, g)
		}
	}
}

// listed are the entries of a mapping by name or of a list.
func (s *spot) listed() []*spot {
	if !s.good() {
		return nil
	}
	return s.list
}

// series reads the file of a ghost.
func (c *checker) series(s *spot, g *Ghost) {
	file := s.at("file")
	if g.File == "" || strings.ContainsAny(g.File, `/\:`) || strings.HasPrefix(g.File, ".") {
		c.bad(file, "", "file %s: want the name of a file beside the scenario, without a folder", quoted(g.File))
		return
	}
	text, ok := c.s.Files[g.File]
	if !ok {
		var err error
		if text, err = c.beside(g.File); err != nil {
			c.bad(file, "", "%s: %s", short(g.File), short(err.Error()))
			return
		}
		if c.s.Files == nil {
			c.s.Files = make(map[string][]byte)
		}
		c.s.Files[g.File] = text
	}
	points, columns, err := readSeries(text, g.Column, float64(g.Unit))
	switch {
	case errors.Is(err, errColumn):
		c.bad(s.at("column"), nearest(g.Column, columns), "%s", unknown("column of "+short(g.File), g.Column, columns))
	case err != nil:
		c.bad(file, "", "%s: %s", short(g.File), err)
	}
	g.Points = points
}

var errNothingBeside = errors.New("there are no files beside this scenario")

func (c *checker) beside(name string) ([]byte, error) {
	if c.file.Read == nil {
		return nil, errNothingBeside
	}
	text, err := c.file.Read(name)
	if err != nil {
		return nil, errors.New("cannot be read")
	}
	if len(text) > maxSeriesBytes {
		return nil, fmt.Errorf("%d bytes, at most %d", len(text), maxSeriesBytes)
	}
	return text, nil
}

// errColumn says that the header has no such column.
var errColumn = errors.New("no such column")

// readSeries reads the points of a column, and which columns there are.
func readSeries(text []byte, column string, unit float64) (points []GhostPoint, columns []string, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, byteOrderMark)))
	r.Comment, r.TrimLeadingSpace, r.ReuseRecord = '#', true, true
	header, err := r.Read()
	if err != nil {
		return nil, nil, errors.New("want a line with the names of the columns")
	}
	for _, name := range header {
		columns = append(columns, strings.TrimSpace(name))
	}
	time, value := slices.Index(columns, columnSeconds), slices.Index(columns, column)
	if time < 0 {
		return nil, nil, fmt.Errorf("want a column %s with the time", columnSeconds)
	}
	others := slices.Delete(slices.Clone(columns), time, time+1)
	if value < 0 || value == time {
		return nil, others, errColumn
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, others, err
		}
		if strings.TrimSpace(row[value]) == "" {
			continue // not measured at that time, for example after an end
		}
		line, _ := r.FieldPos(0)
		seconds, ok1 := measured(row[time])
		n, ok2 := measured(row[value])
		switch {
		case !ok1 || !ok2:
			return nil, others, fmt.Errorf("line %d: want numbers of 0 or more", line)
		case len(points) > 0 && seconds <= points[len(points)-1].Seconds:
			return nil, others, fmt.Errorf("line %d: the time must rise", line)
		case len(points) == maxSeriesRows:
			return nil, others, fmt.Errorf("more than %d rows", maxSeriesRows)
		}
		points = append(points, GhostPoint{Seconds: seconds, Bytes: n * unit})
	}
	if len(points) == 0 {
		return nil, others, errors.New("there are no rows")
	}
	return points, others, nil
}

func measured(text string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n, err == nil && n >= 0 && !math.IsInf(n, 0) && !math.IsNaN(n)
}
