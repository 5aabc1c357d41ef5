package script

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		valid, lesson(f, "one-slow-reader"), lesson(f, "llm-answers"),
		"", "lanes: {a: {source: b}}", "- a", "a: &b [*b]", "version: [", "---\n---\n", "lanes:\n  ? a\n  : b\n", "? {}\n: x", "0\n---",
		"a: |\n  b\n\n", "a: \"\\x41\\\n b\"", "a:\tb", "a: 'b''c'\r\n", "title: {a: [b, {c: d}]}", "a: >2-\n   b", "\"a\nb\": c", "a: b # c\n# d", "[[a]]: b", "a: |-1\n",
	} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := File{Path: "fuzz.yaml", Text: text, Read: beside}
		s, err := Parse(file, small)
		again, errAgain := Parse(file, small)
		require.Equal(t, err, errAgain)
		require.Equal(t, s, again)
		if err == nil {
			require.Equal(t, 1, s.Version)
			require.NotEmpty(t, s.Title)
			require.NotEmpty(t, s.Lanes)
			return
		}
		require.Equal(t, Scenario{}, s)
		var all Errors
		require.ErrorAs(t, err, &all)
		require.NotEmpty(t, all)
		require.LessOrEqual(t, len(all), maxErrors+1)
		require.NotEmpty(t, all.Pretty())
		lines := newSource("", text).lines
		for _, e := range all {
			require.NotEmpty(t, e.Text)
			if e.Line == 0 {
				continue
			}
			require.LessOrEqual(t, e.Line, len(lines))
			require.Positive(t, e.Column)
			require.LessOrEqual(t, e.Column, utf8.RuneCountInString(lines[e.Line-1])+1)
			require.Positive(t, e.Length)
		}
	})
}
