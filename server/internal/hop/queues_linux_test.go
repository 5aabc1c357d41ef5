package hop_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/hop"
)

// TestAStalledReaderStallsTheLaneInTheEnd, after both queues of the hop are full.
// It says how much lies in them.
func TestAStalledReaderStallsTheLaneInTheEnd(t *testing.T) {
	l := newLane(t)
	h, url := start(t, l.URL, hop.Passing)
	reader := stall(t, url)
	const most = 256 << 20 // more than any kernel takes
	written := fill(l, most)
	require.Less(t, written, most, "nothing pushes back")
	r := h.Report()
	require.Zero(t, r.Unseen)
	require.Zero(t, r.HeldBytes)
	require.Equal(t, uint64(1), r.Streams)
	require.Greater(t, r.ToReaders, uint64(32<<10))
	require.Greater(t, r.FromLane, uint64(32<<10))
	t.Logf("the lane wrote %d, of that %d wait for the hop and %d for the reader", written, r.FromLane, r.ToReaders)

	go io.Copy(io.Discard, reader) //nolint:errcheck // until the test ends
	require.Eventually(t, func() bool {
		r := h.Report()
		return r.FromLane == 0 && r.ToReaders == 0
	}, patience, 10*time.Millisecond, "it reads again, and the queues empty")
}

// TestABufferingHopTakesEverything, holds it in order, and lets go of it.
func TestABufferingHopTakesEverything(t *testing.T) {
	l := newLane(t)
	h, url := start(t, l.URL, hop.Buffering)
	reader := stall(t, url)
	const all = 48 << 20
	require.Equal(t, all, fill(l, all), "the lane feels nothing")
	require.Eventually(t, func() bool { return h.Report().HeldBytes > all-16<<20 }, patience, 10*time.Millisecond)

	reader.Close()
	within(t, l.left, "the lane goes on")
	require.Eventually(t, func() bool { return h.Report().HeldBytes == 0 }, patience, 10*time.Millisecond, "what nobody will read is let go")

	response, _ := ask(t, url+"/stream?reader=you", nil)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, all, fill(l, all))
	got := make([]byte, piece)
	for i := range all / piece {
		_, err := io.ReadFull(response.Body, got)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{byte(i)}, piece), got, "piece %d", i)
	}
	require.Eventually(t, func() bool { return h.Report().HeldBytes == 0 }, patience, 10*time.Millisecond)
}
