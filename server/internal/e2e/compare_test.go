package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCompare plays two strategies on the same load. What the one that waits
// does to the readers that keep up is compared with the other of the same run.
func TestCompare(t *testing.T) {
	file := filepath.Join(t.TempDir(), "o.json")
	code, stdout, stderr := once(t, "compare", "block", "drop-oldest", "--seconds", "5", "--slow", "3", "--healthy", "3", "--plain", "--json", file)
	require.Equal(t, 0, code, stderr)
	require.Regexp(t, `(?m)^block +shared-pubsub +[0-9.]+ MiB +0 `, stdout)
	require.Regexp(t, `(?m)^drop-oldest +shared-pubsub +[0-9.]+ MiB `, stdout)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var o struct {
		Results []struct {
			Command string
			Lanes   []struct {
				Name    string
				Readers []struct {
					Group string
					P99   *float64 `json:"ageP99Seconds"`
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &o))
	require.Contains(t, o.Results[0].Command, " compare block drop-oldest --slow 3 --healthy 3 --seconds 5 ")
	ages := make(map[string]float64)
	for _, l := range o.Results[0].Lanes {
		for _, g := range l.Readers {
			if g.Group == "healthy" {
				require.NotNil(t, g.P99)
				ages[l.Name] = *g.P99
			}
		}
	}
	require.Greater(t, ages["block"], 2*ages["drop-oldest"], "one slow reader holds up everybody")
}

func TestCompareRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"compare", "pull-drian"}, `there is no strategy "pull-drian"`},
		{[]string{"compare", "--rate", "10"}, "10/s"},
		{[]string{"compare", "--seconds", "0"}, "--seconds 0: want 1 or more"},
		{[]string{"compare", "--slow", "100000"}, "100000"},
		{[]string{"compare", "--max-memory", "64MiB"}, "32MiB"},
		{[]string{"compare", "--nothing"}, "--help lists the flags"},
	} {
		code, _, stderr := once(t, c.args...)
		require.Equal(t, 64, code, stderr)
		require.Contains(t, stderr, c.want)
	}
	code, stdout, _ := once(t, "compare", "block", "--print")
	require.Equal(t, 0, code)
	require.Contains(t, stdout, "block: {source: shared-pubsub, strategy: block")
}
