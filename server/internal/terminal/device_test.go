package terminal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/terminal"
)

func TestWhatIsNoTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	_, ok := terminal.Open(file, os.Getenv)
	require.False(t, ok)
	_, ok = terminal.Open(&bytes.Buffer{}, os.Getenv)
	require.False(t, ok)
}
