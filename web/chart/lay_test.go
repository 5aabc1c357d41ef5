package chart

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomModel returns a model such as runs make them, and now and then one such
// as they should not.
func randomModel(r *rand.Rand) Model {
	pick := func(values ...float64) float64 { return values[r.IntN(len(values))] }
	now := pick(0, 5, 30, 59, 61, 130, 500, 4000) + r.Float64()*9
	var deaths []float64
	var marks []Mark
	labels := []string{"", "readers slowed", "readers released", "<b>&\"", "ein sehr langer Name für eine Kleinigkeit, die geschah", "漢字の印"}
	for range r.IntN(7) {
		k := Mark{T: r.Float64() * (now + 10), Kind: MarkKind(r.IntN(4)), Label: labels[r.IntN(len(labels))]}
		if k.Kind == MarkKill {
			deaths = append(deaths, k.T)
		}
		marks = append(marks, k)
	}
	from, to := Window(now, deaths)
	m := Model{
		Width: pick(0, 100, 320, 340, 390, 540, 600, 700, 930, 1400), Height: pick(0, 50, 150, 200, 270, 400, 900),
		From: from, To: to, Area: "rss", Marks: marks, EmptyLabel: labels[r.IntN(len(labels))],
		LimitBytes: pick(0, 64, 100, 256, 300, 1000, 4096) * mib,
	}
	m.TopBytes = pick(0, Top(m.LimitBytes, 0), Top(m.LimitBytes, 5*m.LimitBytes), Top(m.LimitBytes, 1.2*m.LimitBytes))
	top := max(m.TopBytes, m.LimitBytes, 20*mib)
	for i, s := range []Series{{Key: "rss", Label: "RSS"}, {Key: "heap", Label: "heap in use"}, {Key: "total", Label: "heap total"}, {Key: "net out", Label: "socket buffers"}, {Key: "ghost", Ghost: true}} {
		if r.IntN(8) == 0 {
			continue
		}
		v := r.Float64() * top
		for at := 0.0; at < now; at += 0.1 + pick(0, 0, 0.4) {
			if r.IntN(300) == 0 {
				at += 5
			}
			v = max(0, v+(r.Float64()-0.5)*top/30)
			s.Points = append(s.Points, Point{at, v / float64(1+i)})
		}
		if r.IntN(10) == 0 && len(s.Points) > 3 {
			slices.Reverse(s.Points)
			s.Points[1].V = math.NaN()
			s.Points[2].T = math.Inf(1)
		}
		m.Series = append(m.Series, s)
	}
	return m
}

func TestEveryDrawingIsReadable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		m := randomModel(r)
		check(t, m)
		require.True(t, slices.ContainsFunc(names(t, Lay(m)), func(n name) bool {
			_, isTime := tickSeconds(n.text)
			return n.class == "tick" && isTime
		}), "no time label")
	}
	for _, s := range states() {
		check(t, s.model)
	}
	check(t, Model{})
}

// TestLayouterKeepsNothing draws different charts with one Layouter: what was
// drawn before must not show.
func TestLayouterKeepsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var l Layouter
	for range 200 {
		m := randomModel(r)
		require.Equal(t, Lay(m), l.Lay(m))
		require.Equal(t, Lay(m), l.Lay(m))
	}
}

// TestNamesStandWhereTheyBelong asks of the usual states that no name was given
// up.
func TestNamesStandWhereTheyBelong(t *testing.T) {
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			d := Lay(s.model)
			var texts []string
			for _, n := range names(t, d) {
				texts = append(texts, n.text)
			}
			for _, k := range s.model.Marks {
				label, _ := markName(k)
				require.Contains(t, texts, label)
			}
			if s.model.LimitBytes > 0 {
				require.Contains(t, texts, "limit 256 MiB")
				require.Contains(t, texts, "256")
			}
			if last := s.model.Series[len(s.model.Series)-1]; len(last.Points) > 1 {
				require.Subset(t, texts, []string{"RSS", "heap in use", "heap total"})
			}
		})
	}
}

func TestMorePixelsMoreTicks(t *testing.T) {
	ticks := func(width, height float64) (count int) {
		m := lane(width, height, 21, nil, memory(rising, [2]float64{0, 21}))
		for _, n := range names(t, Lay(m)) {
			if n.class == "tick" {
				count++
			}
		}
		return count
	}
	require.Less(t, ticks(340, 220), ticks(644, 270))
	require.Less(t, ticks(644, 270), ticks(930, 270))
}

func TestFrameChangesRarely(t *testing.T) {
	var l Layouter
	frames := map[string]bool{}
	for now := 0.0; now < 100; now += 0.1 {
		m := lane(644, 270, now, nil, memory(flat, [2]float64{max(0, now-1), now}))
		frames[l.Lay(m).Frame] = true
	}
	require.Len(t, frames, 5, "one for the first minute and one for each ten seconds after it")
}

func TestMarkupIsEscaped(t *testing.T) {
	m := lane(644, 270, 9, nil, []Series{{Key: `r"><script>`, Label: "<RSS> & \"more\"\x00", Points: []Point{{1, 1}}}},
		Mark{T: 5, Kind: MarkKill, Label: "</title><script>alert(1)</script>"})
	m.LimitLabel = "<limit>"
	check(t, m)
	d := Lay(m)
	require.NotContains(t, d.Frame+d.Over, "<script")
	require.NotContains(t, d.Frame+d.Over, "\x00")
	require.Contains(t, d.Over, "&lt;RSS&gt; &amp; &#34;more&#34;\uFFFD")
}

// TestClientStaysSmall holds what the WASM client's size budget asks for.
func TestClientStaysSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "spillway/web/chart").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "spillway/web/chart")
	for _, dep := range deps {
		require.NotContains(t, []string{"fmt", "log", "encoding/json", "reflect", "regexp", "text/template", "sort", "os", "io", "unicode"}, dep)
		require.False(t, strings.Contains(dep, "."), "%s is not of the standard library", dep)
	}
}

func FuzzLay(f *testing.F) {
	f.Add(644.0, 270.0, 0.0, 60.0, 288.0*mib, 256.0*mib, 1.0, 17.0*mib, 2.0, 30.0*mib, 9.0, 1.0, 5.0, byte(2), "killed")
	f.Add(0.0, 0.0, math.NaN(), math.Inf(1), -1.0, math.Inf(-1), math.NaN(), 1e308, -1e308, -1e308, 1e308, math.Inf(1), 1e9, byte(1), "\xff漢<")
	f.Add(33.0, 80.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.7e308, 1.0, -1e308, 2.0, 1e308, 1.0, byte(9), "@") // hung once
	f.Fuzz(func(t *testing.T, width, height, from, to, top, limit, t1, v1, t2, v2, t3, v3, at float64, kind byte, label string) {
		check(t, Model{
			Width: width, Height: height, From: from, To: to, TopBytes: top, LimitBytes: limit, LimitLabel: label,
			Area: "rss", EmptyLabel: label,
			Series: []Series{
				{Key: "rss", Label: "RSS", Points: []Point{{t1, v1}, {t2, v2}, {t3, v3}}},
				{Key: "heap", Label: label, Points: []Point{{t3, v1}, {t1, v3}}},
			},
			Marks: []Mark{{at, MarkKind(kind), label}, {t2, MarkKill, ""}, {t3, MarkNote, label}},
		})
	})
}

func BenchmarkLay(b *testing.B) {
	m := lane(700, 270, 60, nil, memory(rising, [2]float64{0, 59.9}), Mark{T: 8, Label: "readers slowed"})
	m.TopBytes = 1000 * mib
	var l Layouter
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Series[0].Points[599].V = float64(i%2) * mib // so that something changes
		m.Series[1].Points[599].V = float64(i%2) * mib
		m.Series[2].Points[599].V = float64(i%2) * mib
		l.Lay(m)
	}
}
