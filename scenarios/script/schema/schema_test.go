package schema_test

import (
	"bytes"
	"os"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/scenarios/script/schema"
)

// options has one of each unit.
var options = script.Vocabulary{
	Sources: []string{"stream"}, Transports: []string{"sse"}, Workloads: []string{"fixed"},
	Strategies: []script.Strategy{{Name: "plain"}, {Name: "tuned", Options: []script.Option{
		{Name: "messages", Default: "16", Min: 1, Max: 100, Help: "How many."},
		{Name: "bytes", Unit: script.UnitBytes, Default: "64KiB"},
		{Name: "patience", Unit: script.UnitSeconds, Default: "5s"},
		{Name: "share", Unit: script.UnitPercent, Default: "75%"},
	}}},
	Metrics: []script.Metric{{Name: "rss", Unit: script.UnitBytes, Lane: true}},
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", document))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

func TestOptionsFollowTheStrategy(t *testing.T) {
	text, err := schema.Generate(options, os.DirFS(".."))
	require.NoError(t, err)
	s := compile(t, text)
	for written, fine := range map[string]bool{
		`"strategy": "plain"`:                                                   true,
		`"strategy": "plain", "options": {}`:                                    true,
		`"strategy": "plain", "options": {"messages": 3}`:                       false,
		`"strategy": "tuned", "options": {"messages": 3}`:                       true,
		`"strategy": "tuned", "options": {"messages": 0}`:                       false,
		`"strategy": "tuned", "options": {"messages": 101}`:                     false,
		`"strategy": "tuned", "options": {"messages": "3"}`:                     false,
		`"strategy": "tuned", "options": {"bytes": "1MiB", "patience": "1m5s"}`: true,
		`"strategy": "tuned", "options": {"bytes": 1024}`:                       false,
		`"strategy": "tuned", "options": {"patience": "5"}`:                     false,
		`"strategy": "tuned", "options": {"share": "75%"}`:                      true,
		`"strategy": "tuned", "options": {"share": "3/4"}`:                      false,
		`"strategy": "tuned", "options": {"other": "75%"}`:                      false,
		`"strategy": "other"`:                                                   false,
	} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(
			`{"version": 1, "title": "t", "workload": {"kind": "fixed", "rate": "1/s"}, "lanes": {"a": {"source": "stream", "transport": "sse", ` + written + `}}}`)))
		require.NoError(t, err)
		require.Equal(t, fine, s.Validate(value) == nil, written)
	}
}

func TestTheSameEverywhere(t *testing.T) {
	first, err := schema.Generate(options, os.DirFS(".."))
	require.NoError(t, err)
	for range 20 {
		again, err := schema.Generate(options, os.DirFS(".."))
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
	require.Contains(t, string(first), `"description": "where its messages come from"`, "from the comment behind the field")
	require.NotContains(t, string(first), `\u003`)
}

func TestSourceThatIsNotGo(t *testing.T) {
	_, err := schema.Generate(options, fstest.MapFS{"a.go": {Data: []byte("not Go")}})
	require.ErrorContains(t, err, "parse Go file")
}
