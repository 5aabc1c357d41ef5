package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/producer"
	"spillway/wasm/wire"
)

const (
	// feedBatch bounds what goes into one write of a feed that is as fast as it
	// can be.
	feedBatch = 64
	// feedPause is how long such a feed waits when readers are behind.
	feedPause = 50 * time.Microsecond
	// trimEvery is how often what all readers have is removed from streams.
	trimEvery = time.Second
	// feedBuffer holds commands of one round, for one write.
	feedBuffer = 256 << 10
)

// feed writes messages into the broker, in its own protocol (RESP): one
// connection, without waiting for answers. A client library would need several
// times the processor for it, and the load shares the machine with what it
// measures.
type feed struct {
	cfg    LoadConfig
	crowd  *crowd
	conn   net.Conn
	out    *bufio.Writer
	make   producer.Stream
	keys   []string // of the channels
	seqs   []uint64 // given last, by channel; the goroutine that feeds owns it
	buffer []byte
}

func newFeed(ctx context.Context, cfg LoadConfig, c *crowd) (*feed, error) {
	kind, ok := producer.Find("fixed")
	if !ok {
		return nil, fmt.Errorf("there is no workload %q", "fixed")
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", cfg.Broker)
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	f := &feed{
		cfg: cfg, crowd: c, conn: conn, out: bufio.NewWriterSize(conn, feedBuffer),
		make: kind.New().Stream(rand.New(rand.NewPCG(1, 2))), seqs: make([]uint64, cfg.channels()),
	}
	for i := range f.seqs {
		f.keys = append(f.keys, lane.Key(cfg.RunID, cfg.channel(i)))
	}
	return f, nil
}

// close ends the connection and listen with it.
func (f *feed) close() { f.conn.Close() }

// listen reads the broker's answers: only an error is of interest.
func (f *feed) listen(ctx context.Context) error {
	answers := bufio.NewReaderSize(f.conn, feedBuffer)
	for {
		line, err := answers.ReadSlice('\n')
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read the broker's answers: %w", err)
		}
		if line[0] == '-' {
			return fmt.Errorf("the broker answers %q", bytes.TrimSpace(line))
		}
	}
}

// flood keeps Window messages under way on the one channel, until ctx is done.
func (f *feed) flood(ctx context.Context) error {
	trimmed := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		room := f.cfg.Window - int(f.seqs[0]-min(f.crowd.slowest(), f.seqs[0]))
		if room < min(feedBatch, f.cfg.Window)/2 {
			if err := wait(ctx, feedPause); err != nil {
				return err
			}
			continue
		}
		now := time.Now()
		for range min(room, feedBatch) {
			f.add(0, now)
		}
		if now.Sub(trimmed) > trimEvery {
			trimmed = now
			f.trim()
		}
		if err := f.flush(); err != nil {
			return err
		}
	}
}

// paced feeds every channel at this rate, one channel after the other. What is
// late goes out at once, with the time at which it does.
func (f *feed) paced(ctx context.Context, ratePerSecond float64) error {
	each := time.Duration(float64(time.Second) / ratePerSecond / float64(len(f.keys)))
	begin := time.Now()
	trimmed := begin
	for n := uint64(0); ; {
		now := time.Now()
		for ; time.Duration(n)*each <= now.Sub(begin); n++ {
			f.add(int(n)%len(f.keys), now)
		}
		if now.Sub(trimmed) > trimEvery {
			trimmed = now
			f.trim()
		}
		if err := f.flush(); err != nil {
			return err
		}
		if err := wait(ctx, time.Until(begin.Add(time.Duration(n)*each))); err != nil {
			return err
		}
	}
}

// add queues the next message of a channel.
func (f *feed) add(channel int, now time.Time) {
	f.seqs[channel]++
	seq := f.seqs[channel]
	f.buffer = f.make.Append(f.buffer[:0], wire.Header{Seq: seq, AtMicros: now.UnixMicro()}, f.cfg.SizeBytes)
	if f.cfg.Stream {
		var id [24]byte
		f.command("XADD", f.keys[channel], string(append(strconv.AppendUint(id[:0], seq, 10), "-0"...)), "m", string(f.buffer))
	} else {
		f.command("PUBLISH", f.keys[channel], string(f.buffer))
	}
	f.crowd.fed[channel].Store(seq)
}

// trim removes from the streams what all readers of a channel have.
func (f *feed) trim() {
	if !f.cfg.Stream {
		return
	}
	for i, key := range f.keys {
		if floor := f.crowd.floor(i); floor > 0 {
			f.command("XTRIM", key, "MINID", strconv.FormatUint(floor+1, 10)+"-0")
		}
	}
}

// command queues a command; flush tells the error.
func (f *feed) command(parts ...string) {
	b := append(f.out.AvailableBuffer(), '*')
	b = append(strconv.AppendInt(b, int64(len(parts)), 10), "\r\n"...)
	for _, p := range parts {
		b = append(b, '$')
		b = append(strconv.AppendInt(b, int64(len(p)), 10), "\r\n"...)
		b = append(append(b, p...), "\r\n"...)
	}
	f.out.Write(b) //nolint:errcheck // a bufio.Writer keeps its error
}

func (f *feed) flush() error {
	if err := f.out.Flush(); err != nil {
		return fmt.Errorf("write to broker: %w", err)
	}
	return nil
}

// wait pauses for d, if that is any time at all.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
