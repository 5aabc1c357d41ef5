package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// listener is one reader. It does not decode what a transport adds to messages:
// it looks for the heads of messages in the bytes as they come, which is exact
// for messages that hold no other brace (those of the fixed workload) and costs
// next to nothing.
type listener struct {
	pace *throttle.Pacer
	fed  *atomic.Uint64 // sequence fed last on its channel

	first, last atomic.Uint64 // sequences; 0: none yet
	count       atomic.Uint64
	answered    atomic.Bool // bytes have come

	mu   sync.Mutex // held for one feed
	aged reader.Histogram
}

// headBytes is the length of the longest head of a message.
const headBytes = 64

// refusedError is an answer that is not 200.
type refusedError struct{ answer []byte }

func (e *refusedError) Error() string { return fmt.Sprintf("the answer is %q", e.answer) }

// read reads until the connection ends, at the pace. Its buffer keeps the part
// of a head that a read has cut.
func (l *listener) read(ctx context.Context, conn net.Conn, buffer []byte) error {
	var body body
	kept := 0
	for {
		n, err := conn.Read(buffer[kept : kept+min(len(buffer)-kept, max(l.pace.ReadBytes(), headBytes))])
		if n > 0 {
			payload, err := body.strip(buffer[kept : kept+n])
			if err != nil {
				return err
			}
			l.answered.Store(true)
			kept = copy(buffer, l.feed(buffer[:kept+len(payload)], time.Now().UnixMicro()))
		}
		if err != nil {
			if err == io.EOF {
				return err
			}
			return fmt.Errorf("read stream: %w", err)
		}
		if err := l.pace.Wait(ctx, n); err != nil {
			return err
		}
	}
}

// feed counts the messages that begin in b and returns what may be the begin of
// another one.
func (l *listener) feed(b []byte, nowMicros int64) (rest []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var count, last uint64
	for {
		at := bytes.IndexByte(b, '{')
		if at < 0 {
			break
		}
		b = b[at:]
		h, ok := wire.ScanHeader(b)
		if !ok && len(b) < headBytes {
			rest = b
			break
		}
		if ok {
			count++
			last = max(last, h.Seq)
			if l.first.Load() == 0 {
				l.first.Store(h.Seq)
			}
			l.aged.Record(nowMicros - h.AtMicros)
		}
		b = b[1:]
	}
	if count > 0 {
		l.count.Add(count)
		l.last.Store(max(l.last.Load(), last))
	}
	return rest
}
