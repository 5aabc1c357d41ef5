package broker_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

// FuzzRequests sends arbitrary bytes to a server: it neither panics nor hangs,
// ends the connection when the input ends, and serves others as before.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"PING\r\n", "*1\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nPI", "*-1\r\n*0\r\n\r\n", "*1\r\n$-1\r\n", "$5\r\n", "*99999999\r\n$1\r\nx\r\n",
		"XADD s 1-1 a b\r\nXADD s maxlen ~ 1 * a b\r\nXREAD block 0 streams s $\r\nPING\r\n", "XADD s 1-* a b\r\nXDEL s 1-0\r\nXINFO stream s\r\n",
		"XRANGE s (1 + count 1\r\nXREVRANGE s + -\r\nXTRIM s minid = 5\r\n", "SUBSCRIBE a a\r\nPUBLISH a b\r\nHELLO 3\r\nPUBLISH a b\r\n",
		"CLIENT LIST\r\nCLIENT KILL ID 1\r\nINFO\r\n", "CONFIG SET maxmemory 1\r\nXADD s * a b\r\nCONFIG GET *\r\n",
		"'a\\'b' \"\\x0", "SCAN 0 MATCH *\r\nKEYS [a\r\n", "SUBSCRIBE a\r\nQUIT\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(bytes.ToLower(input), []byte("buffer-limit")) {
			t.Skip("may forbid all replies, so that nobody could be asked")
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := broker.New(broker.Options{})
		served := make(chan error, 1) // the one result
		go func() { served <- s.Serve(ctx, l) }()
		b := &brokertest.Broker{Addr: l.Addr().String(), Server: s}

		nc := dial(t, b)
		_, _ = nc.Write(input) // fails if the broker has closed the connection already
		_ = nc.(*net.TCPConn).CloseWrite()
		_, err = io.Copy(io.Discard, nc)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection hangs")

		other := dial(t, b)
		write(t, other, "PING\r\nFLUSHALL\r\n")
		expect(t, other, "+PONG\r\n+OK\r\n")
		require.NoError(t, other.Close())
		cancel()
		require.NoError(t, await(t, served, "Serve to end"))
		require.Equal(t, broker.New(broker.Options{}).Stats().UsedMemoryBytes, s.Stats().UsedMemoryBytes)
	})
}
