package soak

import (
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsLeftBehind(t *testing.T) {
	base := Level{Goroutines: 59, Files: 50, RSSBytes: 20 << 20}
	for name, c := range map[string]struct {
		now  Level
		want string
	}{
		"nothing":         {base, ""},
		"less memory":     {Level{59, 50, 10 << 20}, ""},
		"as much as fits": {Level{59, 50, 26 << 20}, ""},
		"a goroutine":     {Level{60, 50, 20 << 20}, "60 goroutines, not 59"},
		"one too few":     {Level{58, 50, 20 << 20}, "58 goroutines, not 59"},
		"a descriptor":    {Level{59, 51, 20 << 20}, "51 open file descriptors, not 50"},
		"memory":          {Level{59, 50, 26<<20 + 1}, "RSS 26.0 MiB; from 20.0 MiB at most 26.0 MiB were allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := c.now.Against(base)
			if c.want == "" {
				require.Empty(t, wrong)
				return
			}
			require.Equal(t, []string{c.want}, wrong)
		})
	}
	blind := Level{Goroutines: 59, Files: -1}
	require.Empty(t, blind.Against(blind), "what the OS does not tell is not compared")
}

func TestOpenFilesOfAProcess(t *testing.T) {
	first, err := net.Listen("tcp", "127.0.0.1:0") // what the first socket needs besides
	require.NoError(t, err)
	defer first.Close()
	before := openFiles(os.Getpid())
	if before < 0 {
		require.NotEqual(t, "linux", runtime.GOOS)
		t.Skip("not visible on this OS")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.Equal(t, before+1, openFiles(os.Getpid()))
	require.NoError(t, l.Close())
	require.Equal(t, before, openFiles(os.Getpid()))
}
