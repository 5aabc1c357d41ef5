package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

// serveEnv makes the test binary a broker instead, so that benchmarks compare
// two servers that are both processes of their own.
const serveEnv = "BROKER_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		os.Exit(serveProcess())
	}
	os.Exit(m.Run())
}

// serveProcess serves until its stdin ends.
func serveProcess() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := broker.New(broker.Options{}).Serve(ctx, l); err != nil {
		return 1
	}
	return 0
}

func process(t testing.TB) *brokertest.Broker {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		require.NoError(t, cmd.Wait())
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return &brokertest.Broker{Addr: strings.TrimSpace(addr)}
}

func eachProcess(b *testing.B, f func(b *testing.B, broker *brokertest.Broker)) {
	b.Run("embedded", func(b *testing.B) { f(b, process(b)) })
	b.Run("redis-server", func(b *testing.B) { f(b, brokertest.Redis(b)) })
}

const benchBatch = 64 // commands in a pipeline

// BenchmarkStream adds b.N entries of 200 B to one stream, pipelined, while ten
// readers follow it, each on its own connection. It ends when all have seen all.
func BenchmarkStream(b *testing.B) {
	const readers = 10
	eachProcess(b, func(b *testing.B, target *brokertest.Broker) {
		ctx := b.Context()
		c := target.Client(b, func(o *redis.Options) { o.PoolSize = readers + 1 })
		require.NoError(b, c.Ping(ctx).Err())
		value := strings.Repeat("x", 200)
		last := fmt.Sprint(b.N, "-0")
		var wg sync.WaitGroup
		var failed atomic.Value
		b.ResetTimer()
		for range readers {
			wg.Go(func() {
				nc, err := net.Dial("tcp", target.Addr)
				if err != nil {
					failed.Store(err)
					return
				}
				defer nc.Close()
				if err := follow(nc, "s", last); err != nil {
					failed.Store(err)
				}
			})
		}
		for i := 0; i < b.N; i += benchBatch {
			_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for j := i; j < min(i+benchBatch, b.N); j++ {
					p.Do(ctx, "XADD", "s", fmt.Sprint(j+1, "-0"), "m", value)
				}
				return nil
			})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "added/s")
		wg.Wait()
		require.Nil(b, failed.Load())
		b.ReportMetric(float64(b.N)*readers/b.Elapsed().Seconds(), "delivered/s")
	})
}

// BenchmarkReaders is the load of a pull lane: 200 readers, each blocked on a
// stream of its own, to which b.N entries of 1 KB go in turn.
func BenchmarkReaders(b *testing.B) {
	const readers = 200
	eachProcess(b, func(b *testing.B, target *brokertest.Broker) {
		ctx := b.Context()
		c := target.Client(b, nil)
		value := strings.Repeat("x", 1000)
		rounds := max(b.N/readers, 1)
		var wg sync.WaitGroup
		var failed atomic.Value
		for n := range readers {
			nc, err := net.Dial("tcp", target.Addr)
			require.NoError(b, err)
			defer nc.Close()
			wg.Go(func() {
				if err := follow(nc, fmt.Sprint("s", n), fmt.Sprint(rounds, "-0")); err != nil {
					failed.Store(err)
				}
			})
		}
		b.ResetTimer()
		for round := range rounds {
			_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for n := range readers {
					p.Do(ctx, "XADD", fmt.Sprint("s", n), fmt.Sprint(round+1, "-0"), "m", value)
				}
				return nil
			})
			require.NoError(b, err)
		}
		wg.Wait()
		require.Nil(b, failed.Load())
		b.ReportMetric(float64(rounds*readers)/b.Elapsed().Seconds(), "delivered/s")
	})
}

// follow reads a stream to the entry with the last id. It does not parse more
// than the ids: the client must not be the bottleneck.
func follow(nc net.Conn, key, last string) error {
	r := bufio.NewReaderSize(nc, 64<<10)
	for id := "0-0"; id != last; {
		if _, err := fmt.Fprintf(nc, "*8\r\n$5\r\nXREAD\r\n$5\r\nBLOCK\r\n$5\r\n10000\r\n$5\r\nCOUNT\r\n$2\r\n64\r\n"+
			"$7\r\nSTREAMS\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(id), id); err != nil {
			return err
		}
		// *1 *2 $1 s *entries, each of them *2 $n id *2 $1 m $200 value
		if err := skipLines(r, 4); err != nil {
			return err
		}
		var entries int
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if _, err := fmt.Sscanf(string(line), "*%d", &entries); err != nil {
			return fmt.Errorf("read reply %q: %w", line, err)
		}
		for i := range entries {
			if err := skipLines(r, 2); err != nil {
				return err
			}
			line, err := r.ReadSlice('\n')
			if err != nil {
				return err
			}
			if i == entries-1 {
				id = strings.TrimSpace(string(line))
			}
			if err := skipLines(r, 5); err != nil {
				return err
			}
		}
	}
	return nil
}

func skipLines(r *bufio.Reader, n int) error {
	for range n {
		if _, err := r.ReadSlice('\n'); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkPublish publishes b.N messages of 200 B, pipelined, to 100
// subscribers. It ends when the last one has all of them.
func BenchmarkPublish(b *testing.B) {
	const subscribers = 100
	eachProcess(b, func(b *testing.B, target *brokertest.Broker) {
		ctx := b.Context()
		c := target.Client(b, nil)
		// What the subscribers have not read yet is limited by Redis's defaults; a
		// benchmark must not be cut off for being behind.
		require.NoError(b, c.ConfigSet(ctx, "client-output-buffer-limit", "pubsub 0 0 0").Err())
		value := strings.Repeat("x", 200)
		size := int64(len("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$200\r\n") + len(value) + len("\r\n"))
		var wg sync.WaitGroup
		var failed atomic.Value
		for range subscribers {
			nc, err := net.Dial("tcp", target.Addr)
			require.NoError(b, err)
			defer nc.Close()
			_, err = io.WriteString(nc, "SUBSCRIBE a\r\n")
			require.NoError(b, err)
			_, err = io.ReadFull(nc, make([]byte, len("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")))
			require.NoError(b, err)
			wg.Go(func() {
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{io.LimitReader(nc, int64(b.N)*size)}, make([]byte, 64<<10)); err != nil {
					failed.Store(err)
				}
			})
		}
		b.ResetTimer()
		for i := 0; i < b.N; i += benchBatch {
			_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for range min(benchBatch, b.N-i) {
					p.Publish(ctx, "a", value)
				}
				return nil
			})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "published/s")
		wg.Wait()
		require.Nil(b, failed.Load())
		b.ReportMetric(float64(b.N)*subscribers/b.Elapsed().Seconds(), "delivered/s")
	})
}
