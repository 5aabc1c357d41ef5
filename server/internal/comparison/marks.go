package comparison

import (
	"cmp"
	"slices"
)

// Mark is how a figure stands out in its column.
type Mark uint8

// The marks.
const (
	Plain Mark = iota
	Best
	Worst
)

// muchWorse is the factor by which the worst must differ from the best, and the
// best from the worst, to be called so: a machine that does something else as well
// makes smaller differences than that.
const muchWorse = 2

// Marks tells for each row how its figure of a column stands out. One that is
// close to the best is called best as well, and one close to the worst, worst; in
// a column where all are much the same nothing is, and what holds for most rows
// does not stand out. A lane that died is never the best at anything: it did less.
func Marks(rows []Row, c Column) []Mark {
	marks := make([]Mark, len(rows))
	var known []float64
	for _, r := range rows {
		if v, ok := c.Value(r); ok {
			known = append(known, v)
		}
	}
	if len(known) < 2 {
		return marks
	}
	least, most := slices.Min(known), slices.Max(known)
	if most-least < c.Differ || most < least*muchWorse {
		return marks
	}
	var counts [Worst + 1]int
	for i, r := range rows {
		v, ok := c.Value(r)
		switch {
		case !ok:
		case v-least < c.Differ/2 && r.DiedAfter == nil:
			marks[i] = Best
		case v*1.1 >= most && most-v < v-least:
			marks[i] = Worst
		}
		counts[marks[i]]++
	}
	for i, m := range marks {
		if 2*counts[m] > len(known) && len(known) > 3 {
			marks[i] = Plain
		}
	}
	return marks
}

// Sort puts rows in the order of a column: the least first, or turned over the
// most; what nobody could measure is last either way. Equal rows keep their order.
func Sort(rows []Row, c Column, turned bool) []Row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b Row) int {
		x, known := c.Value(a)
		y, knownToo := c.Value(b)
		switch {
		case !known || !knownToo:
			return cmp.Compare(rank(known), rank(knownToo))
		case turned:
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	})
	return out
}

// rank puts what is known before what is not.
func rank(known bool) int {
	if known {
		return 0
	}
	return 1
}

// FindColumn looks a column up by its key.
func FindColumn(key string) (Column, bool) {
	i := slices.IndexFunc(Columns, func(c Column) bool { return c.Key == key })
	if i < 0 {
		return Column{}, false
	}
	return Columns[i], true
}
