// Package transport writes messages to one reader's connection.
//
//	source → strategy → transport → kernel → browser → reader
//
// A write blocks while the kernel's send buffer is full, and that is all the
// backpressure there is. Between a write that returned and the reader lie the
// send buffer of the lane (Options.SendBufferBytes, which the kernel doubles),
// the receive buffer of the reader and whatever its browser keeps: megabytes
// that the lane cannot see. Over HTTP/2 a write blocks while the reader gives no
// credit, for the stream or for the connection that all its streams share; both
// kernels are empty then (see http2Sink).
//
// All transports write the same text, that of server-sent events, so that every
// reader decodes it in one way. SSE puts each event into an HTTP/1.1 chunk, or
// into a stream of HTTP/2; WebSocket puts the events of one write into one text
// message. Over WebSocket a reader may also say how many messages it can take
// (spillway/wasm/wire, Demand). The sink carries that to the strategy, which
// gives it no more; ready, gap and close are no messages and cost no demand.
package transport

import (
	"context"
	"net/http"
	"strings"
	"time"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
)

// Sink is one reader's open connection. Send, SendAll and Requests are as in
// strategy.Sink. Those over a connection of the reader's own are a strategy.Taker
// too.
type Sink interface {
	Send(ctx context.Context, m lane.Message) error
	SendAll(ctx context.Context, ms []lane.Message) error
	Requests() <-chan int
	// Heartbeat writes a sign of life if the connection has been silent for
	// Options.Heartbeat. It never waits for a Send that is under way, and at
	// most a moment itself. Whoever owns the sinks calls it now and then.
	Heartbeat(now time.Time)
	// Kernel is what the operating system knows of the connection, for which it
	// does not wait. Where many readers share one, or the system does not tell, it
	// is a [kernel.ErrNotVisible].
	Kernel(now time.Time) (kernel.Info, error)
	// SetSendBuffer asks the kernel for another send buffer, as with
	// Options.SendBufferBytes. It waits for nobody, also while a Send does.
	SetSendBuffer(bytes int) error
	// CloseWith tells the reader why the connection ends, if that takes at most a
	// moment and no Send is under way, and ends it.
	CloseWith(reason string) error
	// Close ends the connection and unblocks a Send.
	Close() error
}

// Options say how one reader is served.
type Options struct {
	Stats           *lane.Stats
	SendBufferBytes int           // asked of the kernel, which doubles it; 0 leaves its default
	Heartbeat       time.Duration // of silence before a sign of life
	Origin          string        // value of Access-Control-Allow-Origin; empty without one
	Ready           string        // JSON of the first event, so that nothing waits for the headers
	Last            uint64        // sequence the reader has already; 0 for a new reader
	Unordered       bool          // messages may overtake each other
}

// Definition describes a transport to people and to programs.
type Definition struct {
	Name  string
	Title string // its part of a lane's way, in a few words
	// Secure has a lane that speaks it listen with TLS, without which no browser
	// speaks HTTP/2.
	Secure bool
	// Open takes over the connection of a request and writes the first event.
	// The context ends when the reader has gone. After an error the response has
	// been written or is impossible.
	Open func(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error)
}

// All lists every transport.
var All = []Definition{
	sse,
	sseHTTP2,
	webSocket,
	webSocketDemand,
}

// Names are those of All, for a sentence.
func Names() string {
	var names []string
	for _, d := range All {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// Find returns the definition with this name.
func Find(name string) (Definition, bool) {
	for _, d := range All {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}
