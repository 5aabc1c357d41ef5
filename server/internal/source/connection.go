package source

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/broker"
)

// connBufferBytes replaces go-redis' 32 KiB for reading and as much for
// writing: with a connection for each reader those would be the largest part of
// an idle lane. go-redis heeds it for commands only; a Pub/Sub connection has
// its 64 KiB whatever is asked.
const connBufferBytes = 2 << 10

// connection is a go-redis client for exactly one connection. It keeps hold of
// the socket, because closing that is the only way to end a blocking call at
// once: go-redis does not watch the context of a command that waits.
type connection struct {
	client  *redis.Client
	dialer  func(ctx context.Context, network, addr string) (net.Conn, error)
	health  *Health
	backoff time.Duration

	mu     sync.Mutex
	socket net.Conn // the newest; nil before the first
	closed bool

	done   <-chan struct{} // of the context that bind was given last
	unbind func() bool
}

// connect returns a client that dials when it is first used.
func connect(o Options) *connection {
	own := *o.Broker
	own.ClientName = o.Key     // in CLIENT LIST
	own.DisableIdentity = true // two commands a connection less
	own.Protocol = 2           // 3 looks for notifications before every reply, on a stack twice as deep
	own.PoolSize = 1
	own.MinIdleConns = 0
	own.PipelinePoolSize = -1 // none
	own.MaxRetries = -1       // a retry would hide from Health that the broker went away
	own.ReadBufferSize, own.WriteBufferSize = connBufferBytes, connBufferBytes
	c := &connection{dialer: redis.NewDialer(&own), health: o.Health, backoff: o.Backoff}
	own.Dialer = c.dial
	c.client = redis.NewClient(&own)
	return c
}

func (c *connection) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	socket, err := c.dialer(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		socket.Close()
		return nil, fmt.Errorf("dial %s: %w", addr, net.ErrClosed)
	}
	c.socket = socket
	return socket, nil
}

// bind closes the connection when ctx ends. Calls come with the same ctx over
// and over; then this costs a comparison. One goroutine calls it.
func (c *connection) bind(ctx context.Context) {
	if done := ctx.Done(); c.unbind == nil || done != c.done {
		if c.unbind != nil {
			c.unbind()
		}
		c.done, c.unbind = done, context.AfterFunc(ctx, c.Close)
	}
}

// ended is why there must be no other attempt: ctx is done, or the connection
// closed.
func (c *connection) ended(ctx context.Context) error {
	if ctx.Err() != nil { // this is why
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return nil
}

// retry notes why the broker did not answer and waits before the next attempt.
// It returns an error only when there must be none.
func (c *connection) retry(ctx context.Context, err error) error {
	if err := c.ended(ctx); err != nil {
		return err
	}
	c.health.Fail(broker.Explain(c.client.Options().Addr, err))
	return wait(ctx, c.backoff)
}

// Close ends the connection and the call that waits on it.
func (c *connection) Close() {
	c.mu.Lock()
	c.closed = true
	if c.socket != nil {
		c.socket.Close()
	}
	c.mu.Unlock()
	_ = c.client.Close() // an error says that it is closed already
}
