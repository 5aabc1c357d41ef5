package web_test

import (
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web"
)

func read(t testing.TB, name string) string {
	t.Helper()
	content, err := fs.ReadFile(web.Static(), name)
	require.NoError(t, err)
	return string(content)
}

// loaded are the files that pages load.
var loaded = []string{"app.css", "lesson.css", "heap.css", "compare.css", "compare.js", "code.css", "code.js", "account.css", "account.js", "readers.js", "editor.js", "boot.js", "press.js", "script.js", "replay.js", "theme.js", "worker.js", "mark.svg"}

func TestStaticHasWhatPagesLoad(t *testing.T) {
	for _, name := range loaded {
		require.NotEmpty(t, read(t, name), name)
	}
	entries, err := fs.ReadDir(web.Static(), ".")
	require.NoError(t, err)
	require.Len(t, entries, len(loaded), "build products do not belong in here")
}

// The page works offline: nothing in it leads to another host.
func TestNothingIsFetchedFromElsewhere(t *testing.T) {
	away := regexp.MustCompile(`(?i)https?:|//[a-z0-9.-]+\.[a-z]{2,}|@import|\burl\(`)
	for _, name := range loaded {
		content := strings.ReplaceAll(read(t, name), "http://www.w3.org/2000/svg", "")
		require.Empty(t, away.FindString(content), name)
	}
}

// Text keeps 4.5:1 against what it stands on, and what is drawn to be seen 3:1,
// in both themes (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	colours := palette(t)
	type pair struct {
		on, over string
		least    float64
	}
	pairs := []pair{
		{"on-bad", "bad", 4.5}, {"paper", "ink", 4.5}, {"paper", "soft", 4.5}, {"card", "ink", 4.5},
		{"focus", "card", 3}, {"focus", "paper", 3}, {"edge", "card", 3}, {"spout", "card", 3}, {"ink", "spout", 3},
	}
	for _, text := range []string{"ink", "soft", "bad", "wait", "tone-1", "tone-2", "tone-3", "tone-4"} {
		for _, ground := range []string{"card", "paper"} {
			pairs = append(pairs, pair{text, ground, 4.5})
		}
	}
	pairs = append(pairs, pair{"ink", "press", 4.5}, pair{"soft", "press", 4.5})
	for _, p := range pairs {
		for i, theme := range []string{"light", "dark"} {
			ratio := contrast(colours[p.on][i], colours[p.over][i])
			require.GreaterOrEqual(t, ratio, p.least, "%s on %s, %s: %.2f", p.on, p.over, theme, ratio)
		}
	}
}

// The first two lanes are told apart in colour by people who lack one of the
// three kinds of cones; all four by those who lack none. Shapes do the rest.
func TestTonesDiffer(t *testing.T) {
	colours := palette(t)
	tone := func(n, theme int) rgb { return colours["tone-"+strconv.Itoa(n)][theme] }
	for theme, name := range []string{"light", "dark"} {
		for a := 1; a <= 4; a++ {
			for b := a + 1; b <= 4; b++ {
				require.Greater(t, apart(tone(a, theme), tone(b, theme), same), 20.0, "tones %d and %d, %s", a, b, name)
			}
		}
		for blindness, m := range blind {
			require.Greater(t, apart(tone(1, theme), tone(2, theme), m), 40.0, "%s, %s", blindness, name)
		}
	}
}

// Parts of the account that lie beside each other are told apart without red,
// green or blue; their patterns do the rest. Letters stand in the card's colour
// upon them.
func TestPartsDiffer(t *testing.T) {
	colours := palette(t)
	names := strings.Split("abcdef", "")
	for theme, name := range []string{"light", "dark"} {
		for i, n := range names {
			one := colours["part-"+n][theme]
			require.GreaterOrEqual(t, contrast(one, colours["card"][theme]), 4.5, "part-%s, %s", n, name)
			for _, o := range names[:i] {
				require.Greater(t, apart(one, colours["part-"+o][theme], same), 20.0, "parts %s and %s, %s", o, n, name)
			}
			if i > 0 {
				for blindness, m := range blind {
					require.Greater(t, apart(one, colours["part-"+names[i-1]][theme], m), 15.0, "parts %s and %s, %s, %s", names[i-1], n, blindness, name)
				}
			}
		}
	}
}

type matrix [3][3]float64

var same = matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// blind are the full dichromacies on linear RGB (Machado, Oliveira, Fernandes 2009).
var blind = map[string]matrix{
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func (m matrix) times(v rgb) rgb {
	var out rgb
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

// apart is the distance in CIELAB (1976) of two colours as an eye sees them;
// about 2.3 is just noticeable.
func apart(a, b rgb, eye matrix) float64 {
	sum := 0.0
	x, y := lab(eye.times(linear(a))), lab(eye.times(linear(b)))
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return math.Sqrt(sum)
}

func lab(linear rgb) rgb {
	xyz := matrix{{0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505}, {0.2126, 0.7152, 0.0722}, {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}}.times(linear)
	for i, v := range xyz {
		if v = max(v, 0); v > 0.008856 {
			xyz[i] = math.Cbrt(v)
		} else {
			xyz[i] = 7.787*v + 16.0/116
		}
	}
	return rgb{116*xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])}
}

type rgb [3]float64

var declared = regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`)

// palette reads the pairs of colours from the style sheet.
func palette(t testing.TB) map[string][2]rgb {
	t.Helper()
	colours := map[string][2]rgb{}
	for _, m := range declared.FindAllStringSubmatch(read(t, "app.css"), -1) {
		colours[m[1]] = [2]rgb{parse(t, m[2]), parse(t, m[3])}
	}
	for _, name := range []string{"paper", "card", "ink", "soft", "edge", "spout", "press", "bad", "on-bad", "wait", "focus", "tone-1", "tone-2", "tone-3", "tone-4", "part-a", "part-b", "part-c", "part-d", "part-e", "part-f"} {
		require.Contains(t, colours, name)
	}
	return colours
}

func parse(t testing.TB, hex string) rgb {
	t.Helper()
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	require.NoError(t, err)
	return rgb{float64(v >> 16), float64(v >> 8 & 0xff), float64(v & 0xff)}
}

// contrast is WCAG's ratio of relative luminances.
func contrast(a, b rgb) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c rgb) float64 {
	c = linear(c)
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

// linear undoes the gamma of sRGB.
func linear(c rgb) rgb {
	for i, v := range c {
		v /= 255
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

// The generated files are those of the templates beside them.
func TestGeneratedFilesAreFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the generator")
	}
	module, err := filepath.Abs("..")
	require.NoError(t, err)
	fresh := t.TempDir()
	goMod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(fresh, "go.mod"), goMod, 0o644))
	var templates []string
	for _, folder := range []string{"component", "page"} {
		found, err := filepath.Glob(filepath.Join(folder, "*.templ"))
		require.NoError(t, err)
		require.NoError(t, os.Mkdir(filepath.Join(fresh, folder), 0o755))
		templates = append(templates, found...)
	}
	require.NotEmpty(t, templates)
	for _, name := range templates {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(fresh, name), content, 0o644))
	}
	generate := exec.CommandContext(t.Context(), "go", "tool", "templ", "generate", "-path", fresh)
	generate.Dir = module
	output, err := generate.CombinedOutput()
	require.NoError(t, err, string(output))
	generated, err := filepath.Glob("*/*_templ.go")
	require.NoError(t, err)
	require.Len(t, generated, len(templates))
	for _, name := range generated {
		want, err := os.ReadFile(filepath.Join(fresh, name))
		require.NoError(t, err)
		have, err := os.ReadFile(name)
		require.NoError(t, err)
		require.True(t, string(want) == string(have), "%s is not what its template says: go tool templ generate -path web", name)
	}
}
