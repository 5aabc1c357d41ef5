package transport

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// pipe is a connection without any buffer: its writes wait for the reader.
func pipe(t *testing.T) (*sseSink, net.Conn) {
	ours, theirs := net.Pipe()
	s := &sseSink{line{conn: ours, events: events{stats: new(lane.Stats)}, leave: func(error) {}, gone: make(chan struct{})}}
	go s.watch()
	t.Cleanup(func() { theirs.Close(); s.Close() })
	return s, theirs
}

// A full connection is alive: it has bytes the reader has not read yet.
func TestHeartbeatWithoutRoomLeavesTheConnection(t *testing.T) {
	s, reader := pipe(t)
	s.Heartbeat(time.Now())
	go s.Send(t.Context(), lane.Message{Seq: 1, Data: "{}"}) //nolint:errcheck // seen at the other end
	const want = "id: 1\ndata: {}\n\n"
	got := make([]byte, len(want))
	_, err := io.ReadFull(reader, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// Half a heartbeat is made whole before anything else is written.
func TestHeartbeatCutInTheMiddleIsMended(t *testing.T) {
	s, reader := pipe(t)
	want := ": still here\n\nid: 1\ndata: {}\n\n"
	got := make([]byte, len(want))
	first := make(chan struct{})
	go func() {
		defer close(first)
		io.ReadFull(reader, got[:3]) //nolint:errcheck // compared below
	}()
	for done := false; !done; {
		s.Heartbeat(time.Now())
		select {
		case <-first:
			done = true
		default:
		}
	}
	require.Equal(t, want[3:14], string(s.owed))
	go s.Send(t.Context(), lane.Message{Seq: 1, Data: "{}"}) //nolint:errcheck // seen at the other end
	_, err := io.ReadFull(reader, got[3:])
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestHeartbeatOnABrokenConnectionEndsIt(t *testing.T) {
	s, reader := pipe(t)
	require.NoError(t, reader.Close())
	s.Heartbeat(time.Now())
	<-s.gone
}
