package crowd

import (
	"context"
	"io"
	"net/url"
	"sync/atomic"

	"spillway/wasm/reader"
)

// open connects as the way of the cell demands. What comes back is read at the
// reader's pace; the demand is nil but where the lane waits for it. A lane with
// TLS speaks HTTP/2 where the way allows it, and held counts what lies in it. The
// lane is told the id of the connection.
func (c *cell) open(ctx context.Context, lane *url.URL, channel, last string, id uint64, held *atomic.Int64) (io.ReadCloser, *demand, error) {
	dial, secure := c.dial, lane.Scheme == "https"
	if c.way.Transport() == reader.Fetch.Transport() {
		request := request(address(lane, channel, c.transport, "", id), last)
		if secure {
			in, err := c.secure.open(ctx, dial, c.share, request, held)
			return in, nil, err
		}
		in, err := open(ctx, dial, request)
		if err != nil {
			return nil, nil, err
		}
		return in, nil, nil
	}
	if secure {
		dial = c.secure.dial(dial, "http/1.1")
	}
	in, err := openSocket(ctx, dial, address(lane, channel, c.transport, last, id))
	if err != nil {
		return nil, nil, err
	}
	if c.way != reader.DemandSocket {
		return in, nil, nil
	}
	ask := &demand{socket: in.conn}
	if err := ask.begin(); err != nil {
		in.Close()
		return nil, nil, err
	}
	return in, ask, nil
}

// wayOf is how a group reads a lane, and the transport that it asks for; empty
// where the lane's own fits.
func wayOf(g Group, l Lane) (way reader.Way, transport string) {
	if g.Read == "" {
		return reader.WayFor(l.Transport), ""
	}
	return g.Read, g.Read.Transport()
}
