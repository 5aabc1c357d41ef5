package chart

import "math"

// byteMantissas are the round tick steps within one unit (B, KiB, MiB, …).
var byteMantissas = [...]float64{
	1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024, 2000, 2048, 4096,
}

var byteUnits = [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// byteUnit returns the unit in which an axis up to top is labelled: the
// smallest whose numbers stay below 4096, so a 2 GiB limit is still in MiB.
func byteUnit(top float64) (unit float64, name string) {
	unit = 1
	for i := range byteUnits {
		name = byteUnits[i]
		if top < 4096*unit || i == len(byteUnits)-1 {
			break
		}
		unit *= 1024
	}
	return unit, name
}

// byteStep returns the tick step for an axis up to top with at most intervals
// steps. A step that hits the limit exactly is preferred as long as it leaves
// at least two steps up to the limit.
func byteStep(top, limit float64, intervals float64) float64 {
	unit, _ := byteUnit(top)
	least := top / max(1, intervals)
	plain := 0.0
	for _, m := range byteMantissas {
		step := m * unit
		if step < least {
			continue
		}
		if plain == 0 {
			plain = step
		}
		if limit >= 2*step && math.Mod(limit, step) == 0 {
			return step
		}
	}
	if plain == 0 { // beyond the last mantissa: tops above 4096 EiB
		plain = least
	}
	return plain
}

// timeSteps are the tick steps of the time axis in seconds. There is no 15:
// windows begin on multiples of ten.
var timeSteps = [...]float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200, 86400}

// timeStep returns the smallest step of at least the given seconds.
func timeStep(least float64) float64 {
	for _, s := range timeSteps {
		if s >= least {
			return s
		}
	}
	day := timeSteps[len(timeSteps)-1]
	return math.Ceil(least/day) * day
}

// plot is the rectangle of the curves and the scales into it.
type plot struct {
	width, height            float64 // of the whole drawing
	left, top, right, bottom float64
	from, to, topBytes       float64
	limit                    float64 // bytes; 0 = none
	gutter                   bool    // names stand in a column on the right
}

func (p *plot) x(t float64) float64 {
	return p.left + (min(max(t, p.from), p.to)-p.from)/(p.to-p.from)*(p.right-p.left)
}

func (p *plot) y(v float64) float64 {
	return p.bottom - min(max(v, 0), p.topBytes)/p.topBytes*(p.bottom-p.top)
}

func (p *plot) shows(t float64) bool { return t >= p.from && t <= p.to }
