package scenarios_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios"
)

// TestTheGalleryHasEveryScenario and nothing else. Whether they are valid the
// program tests, with the parts and metrics it has.
func TestTheGalleryHasEveryScenario(t *testing.T) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		text, err := scenarios.Files.ReadFile(file)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=./schema.json\n"), "%s: editors find the schema by its first line", file)
		names = append(names, strings.TrimSuffix(file, ".yaml"))
	}
	require.ElementsMatch(t, names, scenarios.Order(), "every file has one place in scenarios.Groups")
	require.Contains(t, names, scenarios.Default)
}
