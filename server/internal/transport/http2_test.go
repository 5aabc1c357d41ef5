package transport_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

// The text is that of the other transports: no chunks, and every byte of it is
// counted as sent.
func TestHTTP2Text(t *testing.T) {
	for _, name := range []string{"sse-http2", "sse"} {
		t.Run(name, func(t *testing.T) {
			server := serveSecure(t, name, transport.Options{Ready: `{"lane":"push"}`, Origin: "http://host:8080", Heartbeat: time.Minute})
			response, s := server.stream(server.connect())
			require.Equal(t, 2, response.ProtoMajor)
			for key, want := range map[string]string{
				"Content-Type":                "text/event-stream; charset=utf-8",
				"Cache-Control":               "no-store, no-transform",
				"X-Accel-Buffering":           "no",
				"Access-Control-Allow-Origin": "http://host:8080",
				"Vary":                        "Origin",
			} {
				require.Equal(t, want, response.Header.Get(key), key)
			}
			expectText(t, response.Body, ready)
			require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 7, Data: `{"seq":7}`}))
			require.NoError(t, s.SendAll(s.ctx, []lane.Message{{Seq: 20, Data: `{"seq":20}`}, {Seq: 21, Data: "{}"}}))
			s.Heartbeat(time.Now())
			s.Heartbeat(time.Now().Add(time.Minute))
			want := "id: 7\ndata: {\"seq\":7}\n\n" + "event: gap\ndata: {\"from\":8,\"to\":19}\n\n" +
				"id: 20\ndata: {\"seq\":20}\n\nid: 21\ndata: {}\n\n: still here\n\n"
			expectText(t, response.Body, want)
			require.Eventually(t, func() bool {
				return s.stats.Read(time.Now()).SentBytes == uint64(len(ready)+len(want))
			}, patience, tick)
			counts := s.stats.Read(time.Now())
			require.Equal(t, uint64(3), counts.Delivered)
			require.Equal(t, uint64(12), counts.Gaps)
			require.Equal(t, uint64(21), counts.Written)
			require.Zero(t, counts.Write)
			require.Nil(t, s.Requests())
		})
	}
}

// A lane that speaks HTTP/2 answers who does not, over TLS.
func TestHTTP2IsTheClientsChoice(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: `{"lane":"push"}`, Heartbeat: time.Minute})
	server.roots.Protocols = new(http.Protocols)
	server.roots.Protocols.SetHTTP1(true)
	response, s := server.stream(server.connect())
	require.Equal(t, 1, response.ProtoMajor)
	require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 1, Data: "{}"}))
	expectText(t, response.Body, ready+"id: 1\ndata: {}\n\n")
	s.Heartbeat(time.Now().Add(time.Minute))
	require.NoError(t, s.CloseWith("overflow"))
	rest, err := readAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a stream never ends by itself")
	require.Equal(t, ": still here\n\nevent: close\ndata: {\"reason\":\"overflow\"}\n\n", rest)
}

// The stream's window is all that a reader which stops can be sent, wherever the
// bytes lie, and what is read makes room for as much again.
func TestHTTP2SendBlocksWhileTheWindowIsShut(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	response, s := server.stream(server.connect())
	ended := fill(t, s, s.ctx)
	held := sent(t, s)
	require.LessOrEqual(t, held, uint64(streamWindow))
	require.Greater(t, held, uint64(streamWindow-9<<10), "all but the event that did not fit")
	require.Equal(t, uint64(1), s.stats.Read(time.Now()).BacklogCount)

	go io.Copy(io.Discard, response.Body) //nolint:errcheck // ends with the connection
	require.Eventually(t, func() bool {
		return s.stats.Read(time.Now()).SentBytes > held+10*streamWindow
	}, patience, tick, "Send does not go on")
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
	require.Zero(t, s.stats.Read(time.Now()).Write)
}

// Three readers that have stopped use up the connection's window: a fourth, which
// reads all it gets, gets nothing more, and it does on a connection of its own.
func TestHTTP2ThreeStalledStreamsFreezeAFourth(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	shared := server.connect()
	gone, first := server.stream(shared)
	_, second := server.stream(shared)
	_, third := server.stream(shared)
	with, fourth := server.stream(shared)
	apart, fifth := server.stream(server.connect())
	for _, body := range []io.Reader{with.Body, apart.Body} {
		go io.Copy(io.Discard, body) //nolint:errcheck // ends with the connection
	}
	flows := func(s opened, seq uint64) {
		require.NoError(t, s.Send(s.ctx, message(seq, 8<<10)))
	}
	for seq := range uint64(50) { // far more than any window: it is read
		flows(fourth, seq+1)
		flows(fifth, seq+1)
	}
	var held uint64
	for _, s := range []opened{first, second, third} {
		fill(t, s, s.ctx)
		held += sent(t, s)
	}
	require.LessOrEqual(t, held, uint64(connectionWindow))

	blocked := make(chan error, 1)
	go func() {
		for seq := uint64(51); ; seq++ {
			if err := fourth.Send(fourth.ctx, message(seq, 8<<10)); err != nil {
				blocked <- err
				return
			}
		}
	}()
	sent(t, fourth)
	for seq := range uint64(50) {
		flows(fifth, seq+51)
	}
	require.NotZero(t, fourth.stats.Read(time.Now()).Write, "it is frozen for as long as they are")
	require.NoError(t, gone.Body.Close()) // who throws away what it has not read gives its credit back
	require.Eventually(t, func() bool { return fourth.stats.Read(time.Now()).Delivered > 200 }, patience, tick, "it does not thaw")
	require.NoError(t, fourth.Close())
	require.Error(t, <-blocked)
}

// Whatever ends a stream ends a Send that waits for credit on it, and nothing
// else on the connection.
func TestHTTP2BlockedSendEnds(t *testing.T) {
	for _, test := range []struct {
		name   string
		others bool // on the connection live on
		end    func(response *http.Response, conn *http.ClientConn, s opened, cancel context.CancelFunc)
		want   error // nil: any
	}{
		{"the reader leaves", true, func(r *http.Response, _ *http.ClientConn, _ opened, _ context.CancelFunc) { r.Body.Close() }, nil},
		{"its connection ends", false, func(_ *http.Response, c *http.ClientConn, _ opened, _ context.CancelFunc) { c.Close() }, nil},
		{"the sink is closed", true, func(_ *http.Response, _ *http.ClientConn, s opened, _ context.CancelFunc) { s.Close() }, net.ErrClosed},
		{"its context ends", true, func(_ *http.Response, _ *http.ClientConn, _ opened, cancel context.CancelFunc) { cancel() }, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
			conn := server.connect()
			response, s := server.stream(conn)
			beside, other := server.stream(conn)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ended := fill(t, s, ctx)
			test.end(response, conn, s, cancel)
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
				require.Fail(t, "the stream's context has not ended")
			}
			require.Zero(t, s.stats.Read(time.Now()).Write)
			require.Error(t, s.Send(context.Background(), message(1, 10)))
			if test.others {
				require.NoError(t, other.Send(other.ctx, lane.Message{Seq: 1, Data: "{}"}))
				expectText(t, beside.Body, "retry: 1000\nevent: ready\ndata: {}\n\nid: 1\ndata: {}\n\n")
			}
		})
	}
}

// A client that hangs has the kernel's buffers fill up. Then a reset finds no
// room either, and the connection is closed.
func TestHTTP2ClientThatHangs(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	stop := server.hang()
	server.roots.HTTP2.MaxReceiveBufferPerStream = 4<<20 - 1
	server.roots.HTTP2.MaxReceiveBufferPerConnection = 4<<20 - 1
	_, s := server.stream(server.connect())
	stop()
	ctx, cancel := context.WithCancel(context.Background())
	ended := fill(t, s, ctx)
	require.Less(t, s.stats.Read(time.Now()).SentBytes, uint64(3<<20), "it is not the window that is full")
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(patience):
		require.Fail(t, "Send still blocks")
	}
}

func TestHTTP2EndOfAContextBetweenSendsLeavesTheStream(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	_, s := server.stream(server.connect())
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(t, s.Send(ctx, message(1, 10)))
	cancel()
	require.ErrorIs(t, s.Send(ctx, message(2, 10)), context.Canceled)
	require.NoError(t, s.Send(s.ctx, message(2, 10)))
	require.NoError(t, s.ctx.Err())
}

func TestHTTP2CloseWithTellsWhy(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	response, s := server.stream(server.connect())
	require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 1, Data: "{}"}))
	require.NoError(t, s.CloseWith("overflow"))
	<-s.ctx.Done()
	text, err := readAll(response.Body)
	require.NoError(t, err, "a stream that was told why ends, it is not reset")
	require.True(t, strings.HasSuffix(text, "id: 1\ndata: {}\n\nevent: close\ndata: {\"reason\":\"overflow\"}\n\n"), text)
	require.ErrorIs(t, s.Send(context.Background(), message(2, 10)), net.ErrClosed)
	s.Heartbeat(time.Now().Add(time.Hour)) // the handler has returned
	require.NoError(t, s.CloseWith("again"))
}

// A reader without credit is not told, and nobody waits for it. It sees a reset.
func TestHTTP2CloseWithDoesNotWait(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}"})
	response, s := server.stream(server.connect())
	ended := fill(t, s, s.ctx)
	begin := time.Now()
	require.NoError(t, s.CloseWith("overflow"))
	require.Error(t, <-ended)
	require.Less(t, time.Since(begin), time.Second)
	text, err := readAll(response.Body)
	require.ErrorContains(t, err, "INTERNAL_ERROR")
	require.NotContains(t, text, "event: close")
}

// A sign of life for which there is no credit waits beside everybody, and the
// stream lives on.
func TestHTTP2HeartbeatWithoutCredit(t *testing.T) {
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "", Heartbeat: time.Nanosecond})
	response, s := server.stream(server.connect())
	room := streamWindow - len("retry: 1000\nevent: ready\ndata: \n\n") - len("id: 1\ndata: \n\n")
	data := strings.Repeat("x", room)
	require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 1, Data: data})) // exactly full
	for range 100 {
		s.Heartbeat(time.Now().Add(time.Hour))
	}
	second := make(chan error, 1)
	go func() { second <- s.Send(s.ctx, lane.Message{Seq: 2, Data: "{}"}) }()
	sent(t, s)
	expectText(t, response.Body, "retry: 1000\nevent: ready\ndata: \n\nid: 1\ndata: "+data+"\n\n: still here\n\nid: 2\ndata: {}\n\n")
	require.NoError(t, <-second)
	require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 3, Data: strings.Repeat("x", streamWindow-len("id: 3\ndata: \n\n"))}))
	s.Heartbeat(time.Now().Add(time.Hour))
	require.NoError(t, s.Close(), "it waits for the heartbeat, and ends it")
}

func TestHTTP2HeartbeatsBetweenEvents(t *testing.T) {
	const readers, count = 10, 300
	server := serveSecure(t, "sse-http2", transport.Options{Ready: "{}", Heartbeat: time.Nanosecond})
	conn := server.connect()
	var work sync.WaitGroup
	for range readers {
		response, s := server.stream(conn)
		work.Go(func() {
			for seq := range uint64(count) {
				s.Heartbeat(time.Now().Add(time.Hour))
				if s.Send(s.ctx, message(seq+1, int(seq)%2000)) != nil {
					return
				}
			}
		})
		work.Go(func() {
			var r reader.Reader
			buf := make([]byte, 1<<10)
			for r.Account().LastSeq < count {
				n, err := response.Body.Read(buf)
				if err != nil {
					break
				}
				r.Feed(buf[:n], time.Now().UnixMicro())
			}
			a := r.Account()
			if a.Messages != count || a.Gaps+a.Repeats+a.Malformed+a.Notices != 0 || a.Ready != 1 {
				t.Errorf("account %+v", a)
			}
			response.Body.Close()
		})
	}
	work.Wait()
}

// Without TLS there is no HTTP/2 to be had.
func TestHTTP2NeedsTLS(t *testing.T) {
	way, ok := transport.Find("sse-http2")
	require.True(t, ok)
	w := httptest.NewRecorder()
	_, _, err := way.Open(w, httptest.NewRequest(http.MethodGet, "/stream", nil), transport.Options{})
	require.Error(t, err)
	require.Equal(t, http.StatusBadRequest, w.Code)
}
