package terminal_test

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/terminal"
)

// pty opens a pseudo terminal of that size. seen is all that was written to it,
// once it has been closed.
func pty(t *testing.T, columns, rows uint16) (tty *os.File, seen func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	var text []byte
	done := make(chan struct{})
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}))
	go func() {
		defer close(done)
		text, _ = io.ReadAll(master) // fails with EIO when the other side has been closed
	}()
	t.Cleanup(func() {
		tty.Close()
		<-done
		master.Close()
	})
	return tty, func() string {
		<-done
		return string(text)
	}
}

func TestATerminalSaysHowItIs(t *testing.T) {
	tty, _ := pty(t, 100, 30)
	env := map[string]string{"TERM": "xterm"}
	d, ok := terminal.Open(tty, func(name string) string { return env[name] })
	require.True(t, ok)
	require.Equal(t, terminal.Look{Width: 100, Height: 29, Color: true}, d.Look())

	env["NO_COLOR"] = "1"
	d, ok = terminal.Open(tty, func(name string) string { return env[name] })
	require.True(t, ok)
	require.False(t, d.Look().Color)
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 50, Row: 5}))
	require.Equal(t, terminal.Look{Width: 50, Height: 4}, d.Look())
	require.NoError(t, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{}))
	require.Equal(t, terminal.Look{}, d.Look(), "it does not say")

	env["TERM"] = "dumb"
	_, ok = terminal.Open(tty, func(name string) string { return env[name] })
	require.False(t, ok)
}
