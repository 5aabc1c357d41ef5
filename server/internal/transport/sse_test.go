package transport_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

const head = "HTTP/1.1 200 OK\r\n" +
	"Content-Type: text/event-stream; charset=utf-8\r\n" +
	"Cache-Control: no-store, no-transform\r\n" +
	"X-Accel-Buffering: no\r\n" +
	"Connection: close\r\n"

const ready = "retry: 1000\nevent: ready\ndata: {\"lane\":\"push\"}\n\n"

func TestBytes(t *testing.T) {
	m := lane.Message{Seq: 7, AtMicros: 5, Data: `{"seq":7,"at":5,"x":1}`}
	late := lane.Message{Seq: 20, AtMicros: 5, Data: `{"seq":20,"at":5,"x":"é"}`}
	const (
		event     = "id: 7\ndata: {\"seq\":7,\"at\":5,\"x\":1}\n\n"
		gap       = "event: gap\ndata: {\"from\":8,\"to\":19}\n\n"
		lateEvent = "id: 20\ndata: {\"seq\":20,\"at\":5,\"x\":\"é\"}\n\n"
		beat      = ": still here\n\n"
	)
	for _, test := range []struct {
		name, request, origin, want string
	}{
		{
			name: "chunked", request: get,
			want: head + "Transfer-Encoding: chunked\r\n\r\n" +
				"30\r\n" + ready + "\r\n" + "24\r\n" + event + "\r\n" +
				"25\r\n" + gap + "\r\n" + "29\r\n" + lateEvent + "\r\n" + "e\r\n" + beat + "\r\n",
		},
		{
			name: "HTTP/1.0 has no chunks", request: "GET /stream HTTP/1.0\r\n\r\n",
			want: head + "\r\n" + ready + event + gap + lateEvent + beat,
		},
		{
			name: "a page reads it", request: get, origin: "http://host:8080",
			want: head + "Transfer-Encoding: chunked\r\n" +
				"Access-Control-Allow-Origin: http://host:8080\r\nVary: Origin\r\n\r\n" +
				"30\r\n" + ready + "\r\n" + "24\r\n" + event + "\r\n" +
				"25\r\n" + gap + "\r\n" + "29\r\n" + lateEvent + "\r\n" + "e\r\n" + beat + "\r\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, sinks := serve(t, transport.Options{Ready: `{"lane":"push"}`, Origin: test.origin, Heartbeat: time.Minute})
			c := dial(t, addr, test.request)
			s := <-sinks
			require.NoError(t, s.err)
			require.NoError(t, s.Send(s.ctx, m))
			require.NoError(t, s.Send(s.ctx, late))
			s.Heartbeat(time.Now())
			s.Heartbeat(time.Now().Add(time.Minute))
			c.expect(test.want)
			counts := s.stats.Read(time.Now())
			require.Equal(t, uint64(2), counts.Delivered)
			require.Equal(t, uint64(12), counts.Gaps)
			require.Equal(t, uint64(20), counts.Written)
			require.Nil(t, s.Requests())
		})
	}
}

// Nothing but the first event is sent: a client that waits for the headers, or
// for the first byte, has both at once.
func TestFirstEventArrivesAtOnce(t *testing.T) {
	addr, _ := serve(t, transport.Options{Ready: `{"lane":"push"}`})
	response, err := http.Get("http://" + addr + "/stream")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, "text/event-stream; charset=utf-8", response.Header.Get("Content-Type"))
	require.Equal(t, "no-store, no-transform", response.Header.Get("Cache-Control"))
	require.Equal(t, "no", response.Header.Get("X-Accel-Buffering"))
	lines := bufio.NewReader(response.Body)
	for _, want := range strings.SplitAfter(ready, "\n")[:4] {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
	}
}

func TestGapsAreToldFromTheReadersPosition(t *testing.T) {
	for _, test := range []struct {
		name      string
		last, seq uint64
		want      uint64
	}{
		{"a new reader misses nothing", 0, 100, 0},
		{"it goes on", 99, 100, 0},
		{"one is missing", 98, 100, 1},
		{"many are missing", 10, 100, 89},
		{"a repetition is no gap", 100, 100, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, sinks := serve(t, transport.Options{Ready: "{}", Last: test.last})
			c := dial(t, addr, get)
			s := <-sinks
			require.NoError(t, s.Send(s.ctx, message(test.seq, 10)))
			require.NoError(t, s.Close())
			body, err := io.ReadAll(c.stream())
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a stream never ends by itself")
			require.Equal(t, test.want > 0, strings.Contains(string(body), "event: gap"))
			require.Equal(t, test.want, s.stats.Read(time.Now()).Gaps)
		})
	}
}

func TestSendBlocksWhileNobodyReads(t *testing.T) {
	addr, sinks := serve(t, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
	c := dial(t, addr, get)
	s := <-sinks
	ended := fill(t, s, s.ctx)
	stalled := s.stats.Read(time.Now())
	require.Equal(t, uint64(1), stalled.BacklogCount)

	go io.Copy(io.Discard, c) //nolint:errcheck // ends with the connection
	require.Eventually(t, func() bool {
		return s.stats.Read(time.Now()).Delivered > stalled.Delivered+1000
	}, patience, tick, "Send does not go on")
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
	require.Zero(t, s.stats.Read(time.Now()).Write)
}

// Whatever ends a connection ends a Send that waits for room on it.
func TestBlockedSendEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(t *testing.T, c client, s opened, cancel context.CancelFunc)
		want error // nil: any
	}{
		{"the reader leaves", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
			require.NoError(t, c.Close())
		}, nil},
		{"the reader vanishes with a reset", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
			require.NoError(t, c.SetLinger(0))
			require.NoError(t, c.Close())
		}, nil},
		{"the reader says goodbye and reads no more", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
			require.NoError(t, c.CloseWrite())
		}, nil},
		{"the sink is closed", func(t *testing.T, _ client, s opened, _ context.CancelFunc) {
			require.NoError(t, s.Close())
		}, net.ErrClosed},
		{"its context ends", func(_ *testing.T, _ client, _ opened, cancel context.CancelFunc) {
			cancel()
		}, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr, sinks := serve(t, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
			c := dial(t, addr, get)
			s := <-sinks
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ended := fill(t, s, ctx)
			test.end(t, c, s, cancel)
			select {
			case err := <-ended:
				require.Error(t, err)
				if test.want != nil {
					require.ErrorIs(t, err, test.want)
				}
			case <-time.After(patience):
				require.Fail(t, "Send still blocks")
			}
			select {
			case <-s.ctx.Done():
			case <-time.After(patience):
				require.Fail(t, "the connection's context has not ended")
			}
			require.Zero(t, s.stats.Read(time.Now()).Write)
		})
	}
}

func TestEndOfAContextBetweenSendsLeavesTheConnection(t *testing.T) {
	addr, sinks := serve(t, transport.Options{Ready: "{}"})
	dial(t, addr, get)
	s := <-sinks
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(t, s.Send(ctx, message(1, 10)))
	cancel()
	require.ErrorIs(t, s.Send(ctx, message(2, 10)), context.Canceled)
	require.NoError(t, s.Send(s.ctx, message(2, 10)))
	require.NoError(t, s.ctx.Err())
}

func TestBytesBehindTheRequestAreRefused(t *testing.T) {
	addr, sinks := serve(t, transport.Options{Ready: "{}"})
	c := dial(t, addr, get+get)
	require.Error(t, (<-sinks).err)
	_, err := io.ReadAll(c)
	if err != nil { // unread bytes make the kernel reset
		require.ErrorContains(t, err, "reset")
	}
}

// A sign of life never stands in the middle of an event, however often it is
// tried.
func TestHeartbeatsBetweenEvents(t *testing.T) {
	const count = 5000
	addr, sinks := serve(t, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
	c := dial(t, addr, get)
	s := <-sinks
	var work sync.WaitGroup
	sent := make(chan struct{})
	work.Go(func() {
		for {
			select {
			case <-sent:
				return
			default:
				s.Heartbeat(time.Now())
			}
		}
	})
	work.Go(func() {
		defer close(sent)
		for seq := range uint64(count) {
			if s.Send(s.ctx, message(seq+1, int(seq)%2000)) != nil {
				return
			}
		}
	})
	var r reader.Reader
	body, beats := c.stream(), 0
	buf := make([]byte, 4<<10)
	for r.Account().LastSeq < count || beats == 0 {
		n, err := body.Read(buf)
		require.NoError(t, err)
		r.Feed(buf[:n], time.Now().UnixMicro())
		beats += strings.Count(string(buf[:n]), ": still here\n\n")
	}
	require.NoError(t, s.Close())
	work.Wait()
	a := r.Account()
	require.Equal(t, uint64(count), a.Messages)
	require.Zero(t, a.Gaps+a.Repeats+a.Malformed+a.Notices)
}

func TestHeartbeatDoesNotWaitForAStalledReader(t *testing.T) {
	addr, sinks := serve(t, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
	dial(t, addr, get)
	s := <-sinks
	ended := fill(t, s, s.ctx)
	for range 100 {
		s.Heartbeat(time.Now()) // would block for good, or cut the reader off
	}
	require.NoError(t, s.ctx.Err())
	require.NotZero(t, s.stats.Read(time.Now()).Write)
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
}

func TestManyReaders(t *testing.T) {
	const readers, count = 50, 200
	addr, sinks := serve(t, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
	var work sync.WaitGroup
	for range readers {
		c := dial(t, addr, get)
		s := <-sinks
		work.Go(func() {
			for seq := range uint64(count) {
				s.Heartbeat(time.Now())
				if err := s.Send(s.ctx, message(seq+1, 100)); err != nil {
					return
				}
			}
		})
		work.Go(func() {
			var r reader.Reader
			buf := make([]byte, 1<<10)
			body := c.stream()
			for r.Account().LastSeq < count {
				n, err := body.Read(buf)
				if err != nil {
					break
				}
				r.Feed(buf[:n], time.Now().UnixMicro())
			}
			a := r.Account()
			if a.Messages != count || a.Gaps+a.Repeats+a.Malformed != 0 || a.Ready != 1 {
				t.Errorf("account %+v", a)
			}
			c.Close()
		})
	}
	work.Wait()
}
