package script

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lesson is one of the built-in scenarios.
func lesson(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("../" + name + ".yaml")
	require.NoError(t, err)
	return string(text)
}

// full repeats a piece until the file is as large as it may be.
func full(begin, piece string) string {
	return begin + strings.Repeat(piece, max(0, (MaxFileBytes-len(begin))/len(piece)))
}

// counted is a file of so many numbered pieces.
func counted(begin, piece string, n int) string {
	var b strings.Builder
	b.WriteString(begin)
	for i := range n {
		if fmt.Fprintf(&b, piece, i); b.Len() > MaxFileBytes-len(piece)-8 {
			break
		}
	}
	return b.String()
}

// deep nests a piece, as deep as it may be, in front of another that fills the file.
func deep(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%s:\n", strings.Repeat(" ", i), strings.Repeat("k", maxKey))
	}
	return b.String() + strings.Repeat(" ", n)
}

const head = "version: 1\ntitle: T\n"

// hostile are files that cost a careless reader much more than their size.
var hostile = map[string]string{
	"line of letters":    full("about: ", "x"),
	"lines of letters":   full("about: >-\n", "  "+strings.Repeat("x", maxLine-2)+"\n"),
	"plain text":         full("about: a\n", "  "+strings.Repeat("x ", maxLine/2-2)+"\n"),
	"quoted text":        full("about: \"a\n", "  "+strings.Repeat("x ", maxLine/2-2)+"\n"),
	"quotes never end":   full("about: \"", strings.Repeat("x", maxLine/2)+"\n"),
	"quotes":             full("about: '", strings.Repeat("'", maxLine/2)+"\n"),
	"many quotes":        full("tags: [", strings.Repeat(`"",`, maxLine/4)+"\n"),
	"escapes":            full("about: \"", strings.Repeat(`\`, maxLine)+"\n"),
	"keys":               counted("", "k%d: 1\n", 50_000),
	"keys at the bound":  counted("", "k%d: 1\n", maxKeys),
	"keys of columns":    counted("", strings.Repeat("k%d: 1\n", 1), maxKeys-1) + "a:\n" + strings.ReplaceAll(counted("", "k%d:\n", maxKeys), "k", " k") + "b:\n" + strings.ReplaceAll(counted("", "k%d:\n", maxKeys), "k", " k"),
	"same key":           full("", "a: 1\n"),
	"same key, bounded":  strings.Repeat("a: 1\n", maxKeys),
	"long keys":          counted("", strings.Repeat("k", maxKey-4)+"%d: 1\n", 50_000),
	"deep long keys":     deep(maxNesting-2) + "{" + strings.Repeat("a: ,", (maxLine-50)/4) + "\n" + strings.Repeat(strings.Repeat("a: ,", (maxLine)/4)+"\n", 9) + "}",
	"nothing in a flow":  "about: {\n" + strings.Repeat(strings.Repeat("a,", maxLine/2-5)+"\n", maxTokens/maxLine-1) + "}",
	"commas":             full("about: [", strings.Repeat(",", maxLine)+"\n"),
	"brackets":           full("", strings.Repeat("[", maxLine)+"\n"),
	"braces":             full("", strings.Repeat("{a: ", maxLine/4)+"\n"),
	"closed brackets":    full("", strings.Repeat("]", maxLine)+"\n"),
	"dashes":             full("", strings.Repeat("- ", maxLine/2)+"\n"),
	"dashes in columns":  full("", "-\n"),
	"dashes, bounded":    strings.Repeat("- 1\n", maxKeys),
	"questions":          full("", strings.Repeat("? ", maxLine/2)+"\n"),
	"colons":             full("", strings.Repeat(": ", maxLine/2)+"\n"),
	"merge keys":         full("", strings.Repeat("<", maxLine)+"\n"),
	"anchors":            full("", "&a "),
	"tags":               full("", strings.Repeat("!a ", maxLine/3)+"\n"),
	"percent":            full("", strings.Repeat("%", maxLine)+"\n"),
	"reserved":           full("", "@\n"),
	"documents":          full("", "---\n"),
	"ends":               full("", "...\n"),
	"comment":            full("#", "x"),
	"comments":           full("", "# x\n"),
	"comments, bounded":  head + strings.Repeat("# "+strings.Repeat("x", 200)+"\n", 1200),
	"empty lines":        full("about: |\n  x\n", "\n"),
	"empty lines at end": full("about: |\n", "  "+strings.Repeat("x", maxLine-2)+"\n") + strings.Repeat("\n", maxEmptyLines),
	"empty lines within": "about: |\n" + strings.Repeat("  x"+strings.Repeat("\n", maxEmptyLines), maxLines/maxEmptyLines-1),
	"spaces":             full("", strings.Repeat(" ", maxLine)+"\n"),
	"tabs":               full("about: \"", strings.Repeat("\t", maxLine)+"\n"),
	"carriage returns":   full("", "\r"),
	"windows lines":      full(head, strings.Repeat("#", 90)+"\r\n"),
	"zeros":              full("", "\x00"),
	"broken text":        full("", "\xff"),
	"wide text":          full("about: ", strings.Repeat("\U0001f600", maxLine/4)+"\n  "),
	"steps":              counted(head+"steps:\n", "- at: %ds\n  say: x\n", 50_000),
	"steps, bounded":     counted(head+"steps:\n", "- at: %ds\n  say: x\n", maxKeys),
	"wrong steps":        counted(head+"steps:\n", "- att: %ds\n  sy: x\n  wait_until: rsss > 3\n", maxKeys),
	"stages":             counted(head+"workload:\n  executor: ramping-arrival-rate\n  stages:\n", "  - {duration: %ds, target: 1/s}\n", maxKeys),
	"thresholds":         counted(head+"thresholds:\n", "  rss{lane:l%d}: max > 3MiB\n", maxKeys),
	"thresholds in line": counted(head+"thresholds:\n  rss: [", "max > %dMiB,\n", 4_000) + "]",
	"wrong thresholds":   counted(head+"thresholds:\n", "  rsss{lane:l%d}: mx > 3MiB\n", maxKeys),
	"long condition":     head + "steps:\n- wait_until: " + full("", "rss{lane:push} > 1MiB and ")[:maxLine-20],
	"tags of text":       head + "tags: [\n" + strings.Repeat(strings.Repeat("a,", maxLine/2-5)+"\n", 10) + "]",
	"lanes":              counted(head+"lanes:\n", "  lane-%d: {source: x}\n", maxKeys) + counted("thresholds:\n", "  rss{lane:lane%d}: max > 3MiB\n", maxKeys),
	"groups":             counted(head+"readers:\n", "  group-%d: {count: 1}\n", maxKeys) + counted("thresholds:\n", "  gaps{reader:group%d}: count == 0\n", maxKeys),
	"wrong names":        valid + counted("", "  rss{lane:pus%d}: max > 3MiB\n", 900),
	"conditions":         valid[:strings.Index(valid, "thresholds:")] + strings.Repeat("  - timeout: 1s\n    wait_until: >-\n"+strings.Repeat("      rss{lane:push} > 300MiB and readers{lane:psh,reader:slw} > 1 and\n", 40)+"      gaps{lane:pull} > 0\n", 40),
	"options":            counted(head+"lanes:\n  push:\n    strategy: pull-drain\n    options:\n", "      high_wate%d: 1\n", maxKeys),
}

// TestHostileFiles holds that a file costs memory in proportion to its size,
// whatever it says.
func TestHostileFiles(t *testing.T) {
	const most = 64 << 20
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			require.LessOrEqual(t, len(text), MaxFileBytes)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse(File{Path: "x.yaml", Text: []byte(text), Read: beside}, small)
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			require.LessOrEqual(t, len(err.(Errors)), maxErrors+1)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(most))
		})
	}
}

func BenchmarkParse(b *testing.B) {
	files := map[string]string{"one-slow-reader": lesson(b, "one-slow-reader")}
	for name, text := range hostile {
		files[name] = text
	}
	for name, text := range files {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				_, _ = Parse(File{Path: "x.yaml", Text: []byte(text)}, small)
			}
		})
	}
}
