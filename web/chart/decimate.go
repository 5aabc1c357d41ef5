package chart

// Decimate appends to dst what of points is worth drawing between from and to
// seconds on that many pixels: in each pixel column the lowest and the highest
// point, in their order, so that peaks survive; further the first and the last
// point, and the nearest point on either side of the window so that a line can
// reach the edge. It appends at most 2·pixels+4 points, and none that is not
// finite. points must be sorted by T; dst must not overlap it.
func Decimate(dst, points []Point, from, to float64, pixels int) []Point {
	if !(from < to) || !finite(to-from) {
		return dst
	}
	pixels = max(1, pixels)
	start := firstFrom(points, from)
	if start > 0 && finite(points[start-1].T) && finite(points[start-1].V) {
		dst = append(dst, points[start-1])
	}
	perSecond := float64(pixels) / (to - from)
	column, firstColumn := -1, -1
	var first, last, low, high Point
	flush := func() {
		if column < 0 {
			return
		}
		if low.T > high.T {
			low, high = high, low
		}
		if column == firstColumn && first.T < low.T {
			dst = append(dst, first)
		}
		dst = append(dst, low)
		if high != low {
			dst = append(dst, high)
		}
	}
	for _, p := range points[start:] {
		if !finite(p.T) || !finite(p.V) {
			continue
		}
		if p.T > to {
			flush()
			return append(appendNew(dst, column, last), p)
		}
		c := min(int((p.T-from)*perSecond), pixels-1)
		if c <= column { // equal, or unsorted points, which must not grow the result
			if p.V < low.V {
				low = p
			}
			if p.V > high.V {
				high = p
			}
		} else {
			flush()
			column, low, high = c, p, p
			if firstColumn < 0 {
				firstColumn, first = c, p
			}
		}
		last = p
	}
	flush()
	return appendNew(dst, column, last)
}

// appendNew appends the window's last point unless it is there already.
func appendNew(dst []Point, column int, last Point) []Point {
	if column < 0 || dst[len(dst)-1] == last {
		return dst
	}
	return append(dst, last)
}

// firstFrom returns the index of the first point at or after t.
func firstFrom(points []Point, t float64) int {
	low, high := 0, len(points)
	for low < high {
		mid := (low + high) / 2
		if points[mid].T < t {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
