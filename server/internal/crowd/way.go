package crowd

import (
	"context"
	"io"
	"net/url"

	"spillway/wasm/reader"
)

// open connects as the way of the cell demands. What comes back is read at the
// reader's pace; the demand is nil but where the lane waits for it.
func (c *cell) open(ctx context.Context, lane *url.URL, channel, last string) (io.ReadCloser, *demand, error) {
	if c.way.Transport() == reader.Fetch.Transport() {
		in, err := open(ctx, c.dial, request(address(lane, channel, c.transport, ""), last))
		if err != nil {
			return nil, nil, err
		}
		return in, nil, nil
	}
	in, err := openSocket(ctx, c.dial, address(lane, channel, c.transport, last))
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
