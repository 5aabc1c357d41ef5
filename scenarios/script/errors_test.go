package script

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPretty(t *testing.T) {
	for name, c := range map[string]struct {
		e    Error
		want string
	}{
		"a word": {
			Error{Path: "x.yaml", Line: 9, Column: 15, Length: 10, Source: "    strategy: pull-drian", Text: `unknown strategy "pull-drian"`, Nearest: "pull-drain"},
			`x.yaml:9:15: unknown strategy "pull-drian"; did you mean "pull-drain"?
   9 |     strategy: pull-drian
     |               ^^^^^^^^^^`,
		},
		"the whole file": {Error{Path: "x.yaml", Text: "the file is empty"}, "x.yaml: the file is empty"},
		"tabs":           {Error{Path: "x", Line: 12, Column: 4, Length: 2, Source: "a:\tbc", Text: "T"}, "x:12:4: T\n  12 | a:\tbc\n     |   \t^^"},
		"wide letters":   {Error{Path: "x", Line: 1, Column: 4, Length: 1, Source: "ü: ö", Text: "T"}, "x:1:4: T\n   1 | ü: ö\n     |    ^"},
		"no length":      {Error{Path: "x", Line: 1, Column: 1, Source: "ab", Text: "T"}, "x:1:1: T\n   1 | ab\n     | ^"},
		"behind the end": {Error{Path: "x", Line: 1, Column: 9, Length: 9, Source: "ab", Text: "T"}, "x:1:9: T\n   1 | ab\n     |   ^"},
		"no source":      {Error{Path: "x", Line: 12345, Column: 1, Length: 1, Text: "T"}, "x:12345:1: T\n12345 | \n      | ^"},
	} {
		require.Equal(t, c.want, c.e.Pretty(), name)
	}
	two := Errors{{Path: "x", Text: "A"}, {Path: "x", Line: 1, Column: 1, Length: 1, Source: "a", Text: "B"}}
	require.Equal(t, "x: A\nx:1:1: B", two.Error())
	require.Equal(t, "x: A\nx:1:1: B\n   1 | a\n     | ^", two.Pretty())
}

func TestALongLineIsCutAroundTheColumn(t *testing.T) {
	long := `title: "` + strings.Repeat("ä", 400) + `", rate: 10, ` + strings.Repeat("z", 300)
	_, err := parse("workload: {kind: fixed, " + long + "}\n")
	var all Errors
	require.ErrorAs(t, err, &all)
	for _, e := range all {
		if e.Nearest == "" && strings.HasPrefix(e.Text, "rate") {
			require.Equal(t, 442, e.Column)
			lines := strings.Split(e.Pretty(), "\n")
			source, mark := []rune(lines[1]), []rune(lines[2])
			require.LessOrEqual(t, len(source), maxShown+len("   1 | ")+2)
			require.Equal(t, "10,", string(source[len(mark)-2:len(mark)+1]))
			require.Equal(t, '…', source[7])
			require.Equal(t, '…', source[len(source)-1])
			return
		}
	}
	require.Fail(t, "no error about the rate", all.Error())
}

// TestAnErrorPointsAtWhatIsMeant holds the places of errors within texts.
func TestAnErrorPointsAtWhatIsMeant(t *testing.T) {
	const begin = "steps:\n- timeout: 1s\n  wait_until: "
	for text, want := range map[string]string{
		begin + "rsss{lane:push} > 1MiB":             "3:15 4",
		begin + "\"rsss{lane:push} > 1MiB\"":         "3:16 4",
		begin + "  'ü' # c":                          "3:17 3",
		begin + "\"\\x72sss{lane:push} > 1MiB\"":     "3:15 1",  // not written as it is read
		begin + "rss{lane:push} > 1MiB\n    and foo": "3:15 21", // likewise
		begin + ">-\n    rss{lane:push} > 1MiB\n":    "",        // is right
		begin + ">-\n    rss{lane:push} > 1\n":       "3:15 2",
		begin + "\trss{lane:push} >\t1":              "3:33 1",
	} {
		_, err := parse(text)
		var all Errors
		require.ErrorAs(t, err, &all)
		got := ""
		for _, e := range all {
			if e.Line == 3 {
				got = strings.TrimSpace(strings.TrimPrefix(e.Error(), "dir/lesson.yaml:"))
				got = got[:strings.Index(got, ": ")] + " " + spell(UnitNone, float64(e.Length))
			}
		}
		require.Equal(t, want, got, text)
	}
}
