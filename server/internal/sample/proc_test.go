package sample

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func openSelf(t testing.TB) *Proc {
	p, err := OpenProc(os.Getpid())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func TestProcSeesTouchedMemory(t *testing.T) {
	const size = 64 << 20
	p := openSelf(t)
	before, err := p.Read()
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), before.At, time.Minute)

	held := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		held[i] = 1
	}
	after, err := p.Read()
	require.NoError(t, err)
	runtime.KeepAlive(held)
	// The heap may have had room already, but not for all of it and for what
	// the other tests have used.
	require.GreaterOrEqual(t, after.RSSBytes, int64(size))
	require.Greater(t, after.RSSBytes, before.RSSBytes)
}

func TestProcSeesCPUTime(t *testing.T) {
	p := openSelf(t)
	before, err := p.Read()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for n := 0; n < 1_000_000; n++ {
			_ = n * n
		}
		now, err := p.Read()
		return err == nil && now.CPU >= before.CPU+20*time.Millisecond
	}, 20*time.Second, time.Millisecond)
}

func TestProcOfTheDead(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p, err := OpenProc(cmd.Process.Pid)
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, stdin.Close())
	// First a zombie, then gone.
	require.Eventually(t, func() bool { _, err := p.Read(); return err != nil }, 10*time.Second, time.Millisecond)
	_, err = p.Read()
	require.ErrorIs(t, err, ErrExited)
	require.NoError(t, cmd.Wait())
	_, err = p.Read()
	require.ErrorIs(t, err, ErrExited)
	_, err = OpenProc(cmd.Process.Pid)
	require.ErrorIs(t, err, ErrExited)
}

func BenchmarkProcRead(b *testing.B) {
	p := openSelf(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Read(); err != nil {
			b.Fatal(err)
		}
	}
}
