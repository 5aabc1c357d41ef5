package lanehost

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/lane"
	"spillway/server/internal/source"
)

// some is a source of so many messages, and then of none.
type some struct {
	left  int
	seq   uint64
	pos   uint64
	stats *lane.Stats
}

func (s *some) Next(ctx context.Context) (lane.Message, error) {
	if s.left == 0 {
		<-ctx.Done()
		return lane.Message{}, ctx.Err()
	}
	s.left--
	s.seq++
	m := lane.Message{Seq: s.seq, AtMicros: time.Now().UnixMicro(), Pos: s.pos, Data: strings.Repeat("x", 1<<10)}
	s.pos = m.End()
	s.stats.Accept(m)
	return m, nil
}

func (s *some) Close() {}

// crowded is a lane with so many readers over loopback. Every other one reads
// nothing, and the lane waits for it.
func crowded(b *testing.B, count int) *Host {
	b.Helper()
	h := newHost(b, "pull", "127.0.0.1:1")
	h.SetChannels(map[string]int{"slow": count})
	h.open = func(_ context.Context, o source.Options) (source.Source, error) {
		return &some{left: 300, stats: o.Stats}, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(ctx, l) }()
	b.Cleanup(func() {
		cancel()
		require.NoError(b, <-ended)
	})
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096) })
	}}
	for i := range count {
		conn, err := small.Dial("tcp", l.Addr().String())
		require.NoError(b, err)
		b.Cleanup(func() { conn.Close() })
		_, err = fmt.Fprintf(conn, "GET /stream?reader=slow-%d&conn=%d HTTP/1.1\r\nHost: lane\r\n\r\n", i, i+1)
		require.NoError(b, err)
		if i%2 == 0 {
			go io.Copy(io.Discard, conn) //nolint:errcheck // ends with the connection
		}
	}
	require.Eventually(b, func() bool {
		seen := 0
		for _, row := range h.readers.rows(time.Now()) {
			if row.Delivered == row.Accepted && row.Accepted > 300<<10 && row.Queue == 0 || row.ShutMicros > 0 {
				seen++
			}
		}
		return seen == count
	}, patience, 100*time.Millisecond, "they do not come to rest")
	return h
}

// processor is the time that this process has been on processors.
func processor(b *testing.B) time.Duration {
	var t unix.Timespec
	require.NoError(b, unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t))
	return time.Duration(t.Nano())
}

// BenchmarkRows measures what the account costs a lane: all its connections once a
// second, and those that are watched ten times, with the JSON of both.
func BenchmarkRows(b *testing.B) {
	h := crowded(b, 1000)
	ids := make(map[uint64]bool)
	for id := range uint64(lane.MaxWatched) {
		ids[id+1] = true
	}
	for _, of := range []struct {
		name      string
		perSecond float64
		report    func(now time.Time) lane.Report
	}{
		{"all", 1, func(now time.Time) lane.Report { return lane.Report{Rows: h.readers.rows(now)} }},
		{"watched", 10, func(now time.Time) lane.Report { return lane.Report{Watched: h.readers.watched(ids, now)} }},
		{"neither", 10, func(now time.Time) lane.Report { return h.readers.report(now, stallAfter, false) }},
	} {
		b.Run(of.name, func(b *testing.B) {
			b.ReportAllocs()
			before, bytes, n := processor(b), 0, 0
			for b.Loop() {
				line, err := json.Marshal(of.report(time.Now()))
				if err != nil {
					b.Fatal(err)
				}
				bytes += len(line)
				n++
			}
			each := (processor(b) - before).Seconds() / float64(n)
			b.ReportMetric(100*each*of.perSecond, "%core")
			b.ReportMetric(float64(bytes)/float64(n), "B/line")
		})
	}
}
