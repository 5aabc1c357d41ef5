package scenarios_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios"
	"spillway/scenarios/script"
)

func TestEveryBuiltInScenarioIsValid(t *testing.T) {
	names, err := fs.Glob(scenarios.Files, "*.yaml")
	require.NoError(t, err)
	require.Contains(t, names, scenarios.Default+".yaml")
	for _, file := range names {
		text, err := scenarios.Files.ReadFile(file)
		require.NoError(t, err)
		s, err := script.Parse(strings.TrimSuffix(file, ".yaml"), text)
		require.NoError(t, err)
		require.NotEmpty(t, s.Question, file)
	}
}
