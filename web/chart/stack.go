package chart

// StackModel is a series of sums over time and their parts, drawn as areas on top
// of each other, the first at the bottom.
type StackModel struct {
	Width, Height float64     // CSS pixels, as in Model
	From, To      float64     // seconds shown, as in Model
	TopBytes      float64     // top of the y axis, the same in every lane; 0: that of the largest sum
	Keys          []string    // CSS classes of the parts
	Times         []float64   // seconds since the run's start, rising; parts outside the window are not drawn
	Parts         [][]float64 // bytes of each part, by time; as many as Times, each with as many as Keys
}

// Stack is a laid-out StackModel.
type Stack struct {
	Width, Height float64
	Frame         string // grid, ticks, axis labels
	Areas         []Path // one for each key; D is empty where the part is 0 throughout
	Ends          []End  // where the areas end that are thick enough there to bear a letter
}

// End is a place beside the right end of an area, in the middle of it.
type End struct {
	Key  string
	X, Y float64
}

// gapOfStack is how many seconds without a point break the areas.
const gapOfStack = 5

// LayStack draws m. It is pure and deterministic, and draws the frame alone if
// there is nothing else.
func LayStack(m StackModel) Stack {
	most := 0.0
	for _, parts := range m.Parts {
		sum := 0.0
		for _, v := range parts {
			sum += v
		}
		most = max(most, sum)
	}
	frame := Model{Width: m.Width, Height: m.Height, From: m.From, To: m.To, TopBytes: m.TopBytes}
	if frame.TopBytes <= 0 {
		frame.TopBytes = Top(0, most)
	}
	var l Layouter
	l.plot = newPlot(&frame)
	l.drawFrame(&frame)
	out := Stack{Width: l.plot.width, Height: l.plot.height, Frame: l.frame}
	below := make([]float64, len(m.Times))
	for k, key := range m.Keys {
		above := make([]float64, len(m.Times))
		for i := range m.Times {
			above[i] = below[i]
			if i < len(m.Parts) && k < len(m.Parts[i]) {
				above[i] += m.Parts[i][k]
			}
		}
		out.Areas = append(out.Areas, Path{Key: key, D: string(l.plot.appendBetween(nil, m.Times, below, above)), Area: true})
		if last := len(m.Times) - 1; last >= 0 && l.plot.shows(m.Times[last]) {
			low, high := l.plot.y(below[last]), l.plot.y(above[last])
			if low-high >= LineHeight {
				out.Ends = append(out.Ends, End{key, l.plot.x(m.Times[last]), (low + high) / 2})
			}
		}
		below = above
	}
	return out
}

// appendBetween writes the area between two curves, in pieces where there are
// points missing, without the pieces in which it is empty.
func (p *plot) appendBetween(dst []byte, times, below, above []float64) []byte {
	for begin := 0; begin < len(times); {
		end, filled := begin, false
		for ; end < len(times) && (end == begin || times[end]-times[end-1] <= gapOfStack); end++ {
			filled = filled || p.shows(times[end]) && above[end] > below[end]
		}
		if filled {
			dst = p.appendPiece(dst, times[begin:end], below[begin:end], above[begin:end])
		}
		begin = end
	}
	return dst
}

func (p *plot) appendPiece(dst []byte, times, below, above []float64) []byte {
	first := true
	corner := func(t, v float64) {
		dst = appendVertex(dst, vertex{tenth(p.x(t)), tenth(p.y(v)), first}, false)
		first = false
	}
	for i, t := range times {
		if p.shows(t) {
			corner(t, above[i])
		}
	}
	for i := len(times) - 1; i >= 0; i-- {
		if p.shows(times[i]) {
			corner(times[i], below[i])
		}
	}
	return append(dst, 'Z')
}
