package reader

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstRequestIsForOneMessage(t *testing.T) {
	var w Window
	require.EqualValues(t, 1, w.Ask())
	require.Zero(t, w.Ask(), "it has not come yet")
	w.Read(500, 0)
	require.Zero(t, w.Ask(), "nor has its end")
}

func TestAWindowIsRefilledWhenThreeQuartersAreRead(t *testing.T) {
	var w Window
	w.Ask()
	w.Read(1024, 1)
	require.EqualValues(t, 64, w.Ask(), "64 KiB of 1 KiB each")
	for n := range 47 {
		w.Read(1024, 1)
		require.Zero(t, w.Ask(), "after %d", n+1)
	}
	w.Read(1024, 1)
	require.EqualValues(t, 48, w.Ask())
}

// However large messages are and however they come, what is asked for and not
// read is never more than the window, or one message.
func TestNeverMoreThanTheWindowIsAskedFor(t *testing.T) {
	for _, size := range []int{1, 90, 1 << 10, 9000, 64 << 10, 1 << 20} {
		var w Window
		for range 1000 {
			w.Ask()
			open := (w.asked - w.read) * uint64(size)
			require.LessOrEqual(t, open, uint64(max(WindowBytes, size)), "messages of %d bytes", size)
			require.Positive(t, open, "a reader that asks for nothing waits for ever")
			w.Read(size, 1)
		}
	}
}

func TestMessagesThatGrow(t *testing.T) {
	var w Window
	for range 2000 {
		w.Ask()
		w.Read(64, 1)
	}
	for range 2000 {
		w.Ask()
		require.Greater(t, w.asked, w.read)
		w.Read(64<<10, 1)
	}
	require.LessOrEqual(t, w.asked-w.read, uint64(4), "the mean has come near")
}

// A lane that sends what nobody asked for must not make the account run over.
func TestMoreThanAskedFor(t *testing.T) {
	var w Window
	w.Ask()
	w.Read(4096, 4)
	require.EqualValues(t, 64, w.Ask())
}
