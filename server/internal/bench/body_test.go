package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// stripped is what is left of a connection's bytes that come in pieces.
func stripped(t *testing.T, text string, pieceBytes int) string {
	t.Helper()
	var s body
	var out strings.Builder
	for rest := []byte(text); len(rest) > 0; {
		n := min(pieceBytes, len(rest))
		payload, err := s.strip(rest[:n:n])
		require.NoError(t, err)
		out.Write(payload)
		rest = rest[n:]
	}
	return out.String()
}

func TestChunksAreTakenApartWhereverTheyAreCut(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	const chunks = "5\r\nhello\r\n10;name=value\r\n, in sixteen byt\r\nA\r\n0123456789\r\n0\r\n\r\n"
	for n := 1; n <= len(head)+len(chunks); n++ {
		require.Equal(t, "hello, in sixteen byt0123456789", stripped(t, head+chunks, n), "pieces of %d bytes", n)
		require.Equal(t, "as it is\n\n", stripped(t, "HTTP/1.1 200 OK\r\n\r\nas it is\n\n", n))
		require.Equal(t, "event: ready\n\n", stripped(t, "event: ready\n\n", n))
		require.Equal(t, " is no protocol\n", stripped(t, "HTTP is no protocol\n", 4))
	}
}

func TestAnotherAnswerIsARefusal(t *testing.T) {
	var s body
	_, err := s.strip([]byte("HTTP/1.1 404 Not Found\r\n\r\nno"))
	require.ErrorContains(t, err, "404 Not Found")
	_, err = new(body).strip([]byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("x", maxHeadBytes)))
	require.Error(t, err)
}

func TestHeadsAreCountedWhereverTheyAreCut(t *testing.T) {
	var stream []byte
	for seq := uint64(7); seq < 27; seq++ {
		stream = append(stream, "id: 1\ndata: "...)
		stream = wire.AppendHeader(stream, wire.Header{Seq: seq, AtMicros: 1_700_000_000_000_000})
		stream = append(stream, fmt.Sprintf("%q:%q}\n\n", "pad", strings.Repeat("x", 60))...)
	}
	stream = append([]byte("event: ready\ndata: {\"lane\":\"a\"}\n\n"), stream...)
	for piece := 1; piece < len(stream); piece++ {
		var l listener
		buffer, kept := make([]byte, len(stream)+headBytes), 0
		for rest := stream; len(rest) > 0; {
			n := copy(buffer[kept:], rest[:min(piece, len(rest))])
			rest = rest[n:]
			kept = copy(buffer, l.feed(buffer[:kept+n], 1_700_000_000_000_500))
		}
		require.Equal(t, []uint64{7, 26, 20}, []uint64{l.first.Load(), l.last.Load(), l.count.Load()}, "pieces of %d bytes", piece)
		require.Equal(t, uint64(20), l.aged.Count())
		require.InDelta(t, 500, l.aged.Quantile(0.5), 20)
	}
}
