package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
)

var update = flag.Bool("update", false, "write the errors that the README shows")

// block is a piece of YAML in the README.
type block struct {
	line   int
	text   string
	refuse bool   // it stands behind the mark of what is not valid
	errors string // and these are its errors, as the README shows them
}

var (
	refused = "<!-- not valid -->\n"
	blocks  = regexp.MustCompile("(?s)(" + refused + ")?```yaml\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")
)

func readBlocks(t *testing.T) (readme string, all []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, readmeFile))
	require.NoError(t, err)
	readme = string(text)
	for _, m := range blocks.FindAllStringSubmatchIndex(readme, -1) {
		b := block{line: strings.Count(readme[:m[4]], "\n") + 1, text: readme[m[4]:m[5]], refuse: m[2] >= 0}
		if m[6] >= 0 {
			b.errors = readme[m[6]:m[7]]
		}
		all = append(all, b)
	}
	require.Len(t, all, strings.Count(readme, "```yaml\n"))
	return readme, all
}

// TestReadmeRuns holds every example to the parser. A whole file stands as it
// is; of anything else the smallest scenario takes the keys, or the steps.
func TestReadmeRuns(t *testing.T) {
	readme, all := readBlocks(t)
	s := compiled(t)
	for _, b := range all {
		where := fmt.Sprintf("scenarios/README.md, line %d", b.line)
		err := check([]byte(whole(b.text)))
		if !b.refuse {
			require.NoError(t, err, where)
			require.NoError(t, validate(t, s, []byte(whole(b.text))), where)
			continue
		}
		var wrong script.Errors
		require.True(t, errors.As(err, &wrong), where)
		got := strings.ReplaceAll(wrong.Pretty(), "test.yaml", "mine.yaml") + "\n"
		if *update {
			readme = strings.Replace(readme, b.text+"```\n\n```text\n"+b.errors, b.text+"```\n\n```text\n"+got, 1)
			continue
		}
		require.Equal(t, b.errors, got, "%s: the errors are others; run go test ./server/internal/reference -update", where)
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(folder, readmeFile), []byte(readme), 0o644))
	}
}

// whole makes a scenario of a part of one.
func whole(text string) string {
	if strings.Contains("\n"+text, "\nversion:") {
		return text
	}
	if strings.HasPrefix(text, "- ") {
		text = "steps:\n" + text
	}
	out := ""
	for _, section := range sections(minimal) {
		if !strings.Contains("\n"+text, "\n"+key(section)) {
			out += section
		}
	}
	return out + text
}

// sections cuts a file before each key that is not indented.
func sections(text string) (out []string) {
	for line := range strings.Lines(text) {
		if len(out) == 0 || line[0] != ' ' && line[0] != '-' {
			out = append(out, "")
		}
		out[len(out)-1] += line
	}
	return out
}

func key(section string) string {
	name, _, _ := strings.Cut(section, ":")
	return name + ":"
}

// TestReadmeNamesEveryKey ranges over the schema, so that a new key is not
// forgotten.
func TestReadmeNamesEveryKey(t *testing.T) {
	readme, _ := readBlocks(t)
	text, err := os.ReadFile(filepath.Join(folder, schemaFile))
	require.NoError(t, err)
	var s struct {
		Properties map[string]any
		Defs       map[string]struct {
			Properties map[string]any
			Enum       []string
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &s))
	keys := s.Properties
	for _, def := range s.Defs {
		for name, value := range def.Properties {
			keys[name] = value
		}
	}
	require.Greater(t, len(keys), 40)
	for name, value := range keys {
		require.Contains(t, readme, "`"+name+"`", "scenarios/README.md does not explain the key %s", name)
		property, _ := value.(map[string]any)
		words, _ := property["enum"].([]any)
		for _, word := range words {
			require.Contains(t, readme, fmt.Sprintf("`%s`", word), "scenarios/README.md does not name a word of %s", name)
		}
	}
}
