package transport_test

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/transport"
	"spillway/wasm/wire"
)

// request asks for n more messages.
func (c client) request(n uint32) {
	c.t.Helper()
	require.NoError(c.t, c.ws.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(nil, n)))
}

func TestDemandArrives(t *testing.T) {
	c, s := open(t, "websocket-demand", transport.Options{Ready: "{}"})
	c.request(3)
	require.Equal(t, 3, <-s.Requests())
	c.request(math.MaxUint32)
	require.Equal(t, math.MaxUint32, <-s.Requests())
	// in two frames, with a ping between them
	_, err := io.WriteString(c, "\x02\x83\x00\x00\x00\x00\x01\x00\x00"+"\x89\x80\x00\x00\x00\x00"+"\x80\x82\x00\x00\x00\x00\x00\x05")
	require.NoError(t, err)
	require.Equal(t, 5, <-s.Requests())
}

// A reader whose connection is full can still ask, and whoever reads that does
// not wait for the strategy.
func TestDemandArrivesWhileASendWaits(t *testing.T) {
	c, s := open(t, "websocket-demand", transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
	ended := fill(t, s, s.ctx)
	const requests = 1000
	for range requests {
		c.request(2)
	}
	sum := 0
	for sum < 2*requests {
		sum += <-s.Requests()
	}
	require.Equal(t, 2*requests, sum)
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
}

// Demand that nobody takes holds up neither the end nor what comes before it.
func TestDemandThatNobodyTakes(t *testing.T) {
	c, s := open(t, "websocket-demand", transport.Options{Ready: "{}"})
	for range 1000 {
		c.request(1)
	}
	require.NoError(t, c.ws.WriteMessage(websocket.BinaryMessage, []byte{7}))
	<-s.ctx.Done()
	var misuse *transport.Misuse
	require.ErrorAs(t, context.Cause(s.ctx), &misuse)
}

// A cancel ends the demand, and the connection: with 1000, and without an event,
// because nothing has to come after it.
func TestCancel(t *testing.T) {
	c, s := open(t, "websocket-demand", transport.Options{Ready: "{}"})
	c.request(3)
	require.NoError(t, c.ws.WriteMessage(websocket.BinaryMessage, wire.AppendCancel(nil)))
	sum := 0
	for n := range s.Requests() {
		sum += n
	}
	require.Equal(t, 3, sum)
	<-s.ctx.Done()
	require.ErrorIs(t, context.Cause(s.ctx), transport.ErrCancelled)
	text, closed := c.read()
	require.NotContains(t, text, "event: close")
	require.Equal(t, websocket.CloseNormalClosure, closed.Code)
	require.NoError(t, s.CloseWith("cancelled"))
}
