package reader

// Way is how a browser reads a stream. It decides whether a reader that stops
// is felt by the lane at all.
type Way string

// The ways to read.
const (
	Fetch          Way = "fetch"              // the body of a fetch, with a buffer of the reader's own (BYOB)
	EventSource    Way = "eventsource"        // the browser's reader of server-sent events
	Socket         Way = "websocket"          // a classic WebSocket and its onmessage
	BlockingSocket Way = "websocket-blocking" // the same in a worker whose handler blocks the thread
	SocketStream   Way = "websocketstream"    // a WebSocket as a pair of streams, where the browser has it
	DemandSocket   Way = "websocket-demand"   // a WebSocket that asks for as many messages as it can take
)

// Ways lists every way, in the order in which a page offers them.
var Ways = []Way{Fetch, EventSource, Socket, BlockingSocket, SocketStream, DemandSocket}

// Known reports whether w is one of Ways.
func (w Way) Known() bool {
	for _, way := range Ways {
		if way == w {
			return true
		}
	}
	return false
}

// Transport is what the lane is asked to speak.
func (w Way) Transport() string {
	switch w {
	case Socket, BlockingSocket, SocketStream:
		return "websocket"
	case DemandSocket:
		return "websocket-demand"
	}
	return "sse"
}

// PushesBack tells whether a reader that stops reading stops the lane. Where it
// does not, what the lane writes piles up in the tab.
func (w Way) PushesBack() bool { return w != EventSource && w != Socket }

// WayFor is how a lane with this transport is read where nobody says how: so
// that it feels its readers.
func WayFor(transport string) Way {
	switch transport {
	case SocketStream.Transport():
		return SocketStream
	case DemandSocket.Transport():
		return DemandSocket
	}
	return Fetch
}
