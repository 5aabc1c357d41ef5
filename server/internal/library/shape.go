package library

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Shape is how the memory of the lanes went in one run: enough for a small
// picture, not a measurement to be quoted.
type Shape struct {
	Seconds []float64 // of each value, rising, since the run began
	Lanes   []Curve
}

// Curve is one lane of a Shape.
type Curve struct {
	Name     string
	MiB      []float64 // RSS; 0 while no process lives
	LimitMiB float64   // 0: not known
	Died     []float64 // seconds since the run began
}

// Bounds of a shape file.
const (
	maxShapeRows  = 1000
	maxShapeLanes = 8
)

// The first line of a shape file says the limits, a further one the deaths. They
// are comments for everything else that reads CSV.
const (
	limitComment = "# limit_mib"
	diedComment  = "# died_seconds"
	timeColumn   = "t_seconds"
)

// ParseShape reads a shape file:
//
//	# limit_mib push=256 pull=256
//	# died_seconds push=27.2
//	# how it was made
//	t_seconds,push,pull
//	0.8,21.5,22.1
//
// Times rise; an empty cell or 0 means that the lane had no process.
func ParseShape(text []byte) (Shape, error) {
	var s Shape
	limits, died := map[string][]float64{}, map[string][]float64{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		var err error
		switch {
		case strings.HasPrefix(line, limitComment+" "):
			err = pairs(line[len(limitComment):], limits)
		case strings.HasPrefix(line, diedComment+" "):
			err = pairs(line[len(diedComment):], died)
		case line == "" || strings.HasPrefix(line, "#"):
		case s.Lanes == nil:
			err = s.columns(line)
		default:
			err = s.row(line)
		}
		if err != nil {
			return Shape{}, fmt.Errorf("read shape, line %d: %w", number, err)
		}
	}
	for i := range s.Lanes {
		lane := &s.Lanes[i]
		if l := limits[lane.Name]; len(l) > 0 {
			lane.LimitMiB = l[0]
		}
		lane.Died = died[lane.Name]
	}
	if len(s.Seconds) == 0 {
		return Shape{}, errors.New("read shape: it has no rows")
	}
	return s, nil
}

// columns reads the names of the lanes.
func (s *Shape) columns(line string) error {
	cells := strings.Split(line, ",")
	if cells[0] != timeColumn || len(cells) < 2 || len(cells)-1 > maxShapeLanes {
		return fmt.Errorf("want the column %s and 1 to %d lanes", timeColumn, maxShapeLanes)
	}
	seen := map[string]bool{}
	for _, name := range cells[1:] {
		if name == "" || seen[name] {
			return fmt.Errorf("lane %q: each lane once, with a name", name)
		}
		seen[name] = true
		s.Lanes = append(s.Lanes, Curve{Name: name})
	}
	return nil
}

func (s *Shape) row(line string) error {
	cells := strings.Split(line, ",")
	if len(cells) != len(s.Lanes)+1 {
		return fmt.Errorf("%d cells, want %d", len(cells), len(s.Lanes)+1)
	}
	if len(s.Seconds) == maxShapeRows {
		return fmt.Errorf("more than %d rows", maxShapeRows)
	}
	t, err := positive(cells[0])
	if err != nil {
		return err
	}
	if n := len(s.Seconds); n > 0 && t <= s.Seconds[n-1] {
		return fmt.Errorf("time %s does not rise", cells[0])
	}
	s.Seconds = append(s.Seconds, t)
	for i, cell := range cells[1:] {
		v := 0.0
		if cell != "" {
			if v, err = positive(cell); err != nil {
				return err
			}
		}
		s.Lanes[i].MiB = append(s.Lanes[i].MiB, v)
	}
	return nil
}

// pairs reads "push=256 pull=256"; a name may come more than once.
func pairs(text string, into map[string][]float64) error {
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		v, err := positive(value)
		if err != nil {
			return fmt.Errorf("%q: want LANE=NUMBER: %w", field, err)
		}
		into[name] = append(into[name], v)
	}
	return nil
}

// positive reads a number that is not negative.
func positive(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("number %q: want one from 0", text)
	}
	return v, nil
}
