package lanehost

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// log makes the lane write into a buffer, which is read after it has ended.
func (l *running) log() *bytes.Buffer {
	var out bytes.Buffer
	l.host.log = slog.New(slog.NewTextHandler(&out, nil))
	return &out
}

// What a strategy drops is told to the reader, and is no gap of the source.
func TestDroppedMessagesAreToldToTheReader(t *testing.T) {
	l := start(t, "drop")
	b := l.join("you", nil)
	l.write("you", 1, 2000, 100)
	require.Eventually(t, func() bool {
		r := l.report()
		return r.Accepted == 2000 && r.BacklogCount == 0
	}, patience, tick)
	l.write("you", 2001, 2001, 100)
	b.until(2001)
	require.Eventually(t, func() bool { return l.report().Delivered == b.Account().Messages }, patience, tick)
	r, a := l.report(), b.Account()
	require.NotZero(t, r.Dropped, "no message of a burst came too early")
	require.Equal(t, r.Dropped, a.Gaps)
	require.NotZero(t, a.Notices)
	require.Zero(t, r.Gaps)
	require.Equal(t, uint64(2001), r.Delivered+r.Dropped)
}

// A reader whose stream a strategy ends is told why, and comes back.
func TestAReaderIsToldWhyItsStreamEnds(t *testing.T) {
	l := start(t, "buffer")
	var r reader.Reader
	b := l.join("you", &r)
	l.write("you", 1, 2000, 100)
	text, err := io.ReadAll(b.body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.True(t, bytes.HasSuffix(text, []byte("event: close\ndata: {\"reason\":\"overflow\"}\n\n")), "%q", text[max(0, len(text)-200):])
	r.Feed(text, time.Now().UnixMicro())
	require.NotZero(t, r.Account().Messages)
	require.Zero(t, r.Account().Gaps+r.Account().Malformed)
	require.Eventually(t, func() bool { return l.report().Readers == 0 }, patience, tick)

	b = l.join("you", &r)
	l.write("you", 2001, 2001, 100)
	b.until(2001)
	require.Equal(t, uint64(2), r.Account().Ready)
	require.Equal(t, uint64(2001), r.Account().Messages+r.Account().Gaps)
}

// A reader that does not read is cut off, and misses nothing when it comes back.
func TestACutOffReaderResumes(t *testing.T) {
	l := start(t, "cut")
	out := l.log()
	const count = 3000
	var r reader.Reader
	b := l.join("slow-1", &r)
	l.write("slow-1", 1, count, 8<<10)
	require.Eventually(t, func() bool { return l.report().Readers == 0 }, patience, tick, "it is not cut off")
	buf := make([]byte, 64<<10)
	for { // what lies in the kernel is still there
		n, err := b.body.Read(buf)
		r.Feed(buf[:n], time.Now().UnixMicro())
		if err != nil {
			break
		}
	}
	require.Less(t, r.Account().LastSeq, uint64(count))
	for r.Account().LastSeq < count { // many at once are too many for it, healthy as it is
		b = l.join("slow-1", &r)
		for {
			n, err := b.body.Read(buf)
			r.Feed(buf[:n], time.Now().UnixMicro())
			if err != nil || r.Account().LastSeq == count {
				break
			}
		}
		b.Close()
	}
	a := r.Account()
	require.Equal(t, uint64(count), a.Messages)
	require.Zero(t, a.Gaps+a.Repeats+a.Malformed)
	l.stop()
	require.NoError(t, <-l.ended)
	require.Regexp(t, `reason=(pending-bytes|pending-messages|write-deadline)`, out.String())
}

func TestBatchesArrive(t *testing.T) {
	l := start(t, "batch")
	b := l.join("you", nil)
	l.write("you", 1, 1000, 100)
	b.until(1000)
	require.Equal(t, uint64(1000), b.Account().Messages)
	require.Zero(t, b.Account().Gaps+b.Account().Repeats+b.Account().Malformed)
}

// A reader that leaves while messages overtake each other gets some of them
// again, and all of them.
func TestResumeWithoutOrder(t *testing.T) {
	l := start(t, "free")
	seen := map[uint64]bool{}
	var r reader.Reader
	l.write("you", 1, 1, 10)
	b := l.join("you", &r)
	l.write("you", 2, 400, 100)
	for len(seen) < 399 {
		lines := bufio.NewReader(b.body)
		for range 100 {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			r.Feed([]byte(line), time.Now().UnixMicro())
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				if h, ok := wire.ScanHeader(data); ok && h.Seq > 0 {
					seen[h.Seq] = true
				}
			}
			if len(seen) == 399 {
				break
			}
		}
		require.NoError(t, b.Close())
		if len(seen) < 399 {
			b = l.join("you", &r)
		}
	}
	require.Greater(t, r.Account().Ready, uint64(2), "it never came back")
	require.Zero(t, r.Account().Notices)
	require.Zero(t, l.report().Gaps)
}
