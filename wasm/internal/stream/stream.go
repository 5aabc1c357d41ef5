//go:build js && wasm

// Package stream is the client's side of every connection: a lane's events, read
// in one of six ways, the hub's WebSocket, and small requests.
//
//	transport → kernel → browser → reader → throttle → consumed
//
// Of the browser's ways to receive a stream a fetch body and a WebSocketStream
// push back when nobody reads: the browser's pipe and the kernel's buffers fill,
// and then the lane waits. A classic WebSocket and EventSource hand out whatever
// comes; it waits in the tab, in a pile (see worker.js), unless the thread is
// blocked or the lane sends on demand only.
package stream

import (
	"errors"
	"strings"

	"spillway/wasm/internal/scope"
	"spillway/wasm/reader"
)

// Errors of streams.
var (
	// ErrUnsupported is returned where the browser has no such way to read.
	ErrUnsupported = errors.New("unsupported")
	// ErrFull is the end of a stream of which reader.MaxHeldBytes had arrived unread.
	ErrFull   = errors.New("full")
	errFailed = errors.New("failed") // a browser does not say why
)

// RefusedError is an answer other than 200.
type RefusedError struct {
	Status int
	Text   string // the beginning of the answer's body
}

func (e *RefusedError) Error() string { return "refused: " + e.Text }

// Stream is one connection: the text of a lane's events, one behind the other. It
// belongs to one goroutine, and not to a js.FuncOf.
type Stream interface {
	// Read blocks until there is at least one byte, and reads at most len(p). At
	// the end it returns io.EOF. After an error the stream is good for Close only.
	Read(ctx *scope.Scope, p []byte) (int, error)
	// Held is how many bytes have arrived in the tab and have not been read, as far
	// as a tab can see them.
	Held() uint64
	// Close ends the connection and gives the callbacks back.
	Close()
}

// Consumer is a stream that wants to know what its reader made of the bytes.
type Consumer interface {
	// Consumed tells it of bytes that were read, and of messages that ended in them.
	Consumed(bytes int, messages uint64)
}

// Open connects in one of the ways and blocks until the lane has answered.
// bufferBytes bounds each read. ctx is the connection's own: a stream that is full
// ends it, so that a reader that does not read learns of it. The error is
// ctx's, a [*RefusedError], [ErrUnsupported], or one for a connection that failed.
func Open(ctx *scope.Scope, way reader.Way, url string, bufferBytes int) (Stream, error) {
	socketURL := "ws" + strings.TrimPrefix(url, "http")
	switch way {
	case reader.EventSource:
		return openEvents(ctx, url, bufferBytes)
	case reader.Socket, reader.BlockingSocket:
		return openSocket(ctx, socketURL, bufferBytes)
	case reader.SocketStream:
		return openSocketStream(ctx, socketURL, bufferBytes)
	case reader.DemandSocket:
		return openDemand(ctx, socketURL, bufferBytes)
	}
	return openFetch(ctx, url, bufferBytes)
}
