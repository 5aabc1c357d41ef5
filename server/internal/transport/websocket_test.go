package transport_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
	"spillway/wasm/wire"
)

// sockets runs a test over both kinds of WebSocket.
func sockets(t *testing.T, f func(t *testing.T, name string)) {
	for _, name := range []string{"websocket", "websocket-demand"} {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

// upgrade is a handshake; its answer is the one of RFC 6455, section 1.3.
const upgrade = "GET /stream?reader=you HTTP/1.1\r\nHost: lane\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

// One write is one text message, whole, without mask or compression.
func TestFrames(t *testing.T) {
	sockets(t, func(t *testing.T, name string) {
		addr, sinks := serve(t, name, transport.Options{Ready: `{"lane":"push"}`, Heartbeat: time.Minute})
		c := dial(t, addr, upgrade)
		s := <-sinks
		require.NoError(t, s.err)
		m := lane.Message{Seq: 7, Data: `{"x":"é"}`}
		require.NoError(t, s.Send(s.ctx, m))
		require.NoError(t, s.SendAll(s.ctx, []lane.Message{{Seq: 8, Data: "{}"}, {Seq: 11, Data: strings.Repeat("x", 100)}}))
		require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 12, Data: strings.Repeat("x", 70_000)}))
		s.Heartbeat(time.Now())
		s.Heartbeat(time.Now().Add(time.Minute))
		c.expect(upgraded +
			"\x81\x30" + ready +
			"\x81\x18" + "id: 7\ndata: {\"x\":\"é\"}\n\n" +
			"\x81\x7e\x00\xa8" + "id: 8\ndata: {}\n\n" + "event: gap\ndata: {\"from\":9,\"to\":10}\n\n" + "id: 11\ndata: " + strings.Repeat("x", 100) + "\n\n" +
			"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x7f" + "id: 12\ndata: " + strings.Repeat("x", 70_000) + "\n\n" +
			"\x89\x00")
		counts := s.stats.Read(time.Now())
		require.Equal(t, uint64(4), counts.Delivered)
		require.Equal(t, uint64(2), counts.Gaps)
		require.Equal(t, uint64(0x30+0x18+0xa8+0x1117f), counts.SentBytes)
		require.Equal(t, name == "websocket-demand", s.Requests() != nil)
	})
}

// What many readers get is the same bytes for each, and for one that misses
// something before it, its own.
func TestOneEncodingForManyReaders(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		addr, sinks := serve(t, name, transport.Options{Ready: "{}"})
		readers := make([]client, 3)
		all := make([]opened, 3)
		for i := range readers {
			readers[i] = join(t, name, addr)
			all[i] = <-sinks
		}
		require.NoError(t, all[2].Send(all[2].ctx, message(1, 10)))
		for seq := uint64(5); seq < 9; seq++ {
			m := message(seq, 100)
			m.Shared = new(lane.Encoded)
			for _, s := range all {
				require.NoError(t, s.Send(s.ctx, m))
			}
		}
		var texts []string
		for i, s := range all {
			require.NoError(t, s.Close())
			text, err := io.ReadAll(readers[i].stream())
			require.Error(t, err)
			texts = append(texts, string(text))
			require.Equal(t, uint64(len(text)), s.stats.Read(time.Now()).SentBytes)
		}
		require.Equal(t, texts[0], texts[1])
		require.Equal(t, 4, strings.Count(texts[0], "id: "))
		require.Equal(t, strings.Replace(texts[2], "id: 1\ndata: "+message(1, 10).Data+"\n\nevent: gap\ndata: {\"from\":2,\"to\":4}\n\n", "", 1), texts[0])
		require.Contains(t, texts[2], "event: gap")
	})
}

func TestNoWebSocketHandshake(t *testing.T) {
	sockets(t, func(t *testing.T, name string) {
		for _, test := range []struct {
			name    string
			headers map[string]string
			status  int
			says    string
		}{
			{"curl", nil, 426, "curl -N 'http://lane/stream?reader=you&transport=sse'"},
			{"another protocol", map[string]string{"Connection": "Upgrade", "Upgrade": "h2c"}, 426, "this stream is a WebSocket"},
			{"an old version", map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8"}, 400, "version"},
			{"no key", map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}, 400, "Sec-WebSocket-Key"},
		} {
			t.Run(test.name, func(t *testing.T) {
				addr, sinks := serve(t, name, transport.Options{Ready: "{}"})
				request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/stream?reader=you&transport="+name, nil)
				require.NoError(t, err)
				request.Host = "lane"
				for key, value := range test.headers {
					request.Header.Set(key, value)
				}
				alone := &http.Transport{DisableKeepAlives: true}
				response, err := alone.RoundTrip(request)
				require.NoError(t, err)
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.Equal(t, test.status, response.StatusCode)
				require.Contains(t, string(body), test.says)
				if test.status == 426 {
					require.Equal(t, "websocket", response.Header.Get("Upgrade"))
				}
				require.Error(t, (<-sinks).err)
			})
		}
	})
}

// Bytes behind the handshake come too early: nobody may speak before the answer.
func TestBytesBehindTheHandshakeAreRefused(t *testing.T) {
	addr, sinks := serve(t, "websocket-demand", transport.Options{Ready: "{}"})
	dial(t, addr, upgrade+"\x82\x81")
	require.Error(t, (<-sinks).err)
}

// read reads messages until the stream ends, and returns their text and the end.
func (c client) read() (string, *websocket.CloseError) {
	c.t.Helper()
	text, err := io.ReadAll(c.stream())
	var closed *websocket.CloseError
	require.ErrorAs(c.t, err, &closed)
	return string(text), closed
}

// A reader that sends what it may not is told so, in the event and in the close
// frame, and its context says it.
func TestMisuse(t *testing.T) {
	text := func(data string) func(c client) error {
		return func(c client) error { return c.ws.WriteMessage(websocket.TextMessage, []byte(data)) }
	}
	binary := func(data ...byte) func(c client) error {
		return func(c client) error { return c.ws.WriteMessage(websocket.BinaryMessage, data) }
	}
	raw := func(data string) func(c client) error {
		return func(c client) error { _, err := io.WriteString(c, data); return err }
	}
	for _, test := range []struct {
		name, transport string
		send            func(c client) error
		code            int
		says            string
	}{
		{"a text where nothing may be sent", "websocket", text("hello"), 1003, "takes no messages"},
		{"demand where nothing may be sent", "websocket", binary(wire.AppendRequest(nil, 1)...), 1003, "takes no messages"},
		{"an empty message", "websocket", text(""), 1003, "takes no messages"},
		{"a long message", "websocket", text(strings.Repeat("x", 1000)), 1009, "limit"},
		{"a text", "websocket-demand", text("request 5"), 1008, "binary"},
		{"an empty demand", "websocket-demand", binary(), 1008, "not a demand"},
		{"a demand of nothing", "websocket-demand", binary(1, 0, 0, 0, 0), 1008, "not a demand: 01 00 00 00 00"},
		{"a short demand", "websocket-demand", binary(1, 0, 0, 1), 1008, "not a demand"},
		{"a demand and more", "websocket-demand", binary(1, 0, 0, 0, 1, 0), 1008, "not a demand"},
		{"another word", "websocket-demand", binary(3), 1008, "not a demand"},
		{"a long message instead of demand", "websocket-demand", binary(make([]byte, 1000)...), 1009, "limit"},
		{"no mask", "websocket-demand", raw("\x82\x01\x02"), 1002, "MASK"},
		{"a frame of no kind", "websocket-demand", raw("\x83\x80\x00\x00\x00\x00"), 1002, "opcode"},
		{"a compressed message", "websocket-demand", raw("\xc2\x80\x00\x00\x00\x00"), 1002, "RSV1"},
		{"a long ping", "websocket", raw("\x89\xfe\x01\x00"), 1002, "125"},
		{"an end without a middle", "websocket", raw("\x80\x80\x00\x00\x00\x00"), 1002, "continuation"},
		{"an end of no kind", "websocket", raw("\x88\x82\x00\x00\x00\x00\x00\x01"), 1002, "close code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := open(t, test.transport, transport.Options{Ready: "{}"})
			require.NoError(t, s.Send(s.ctx, message(1, 10)))
			require.NoError(t, test.send(c))
			<-s.ctx.Done()
			var misuse *transport.Misuse
			require.ErrorAs(t, context.Cause(s.ctx), &misuse)
			require.Equal(t, test.code, misuse.Code)
			require.Contains(t, misuse.Error(), test.says)
			require.Error(t, s.Send(context.Background(), message(2, 10)), "nothing may follow the end")
			got, closed := c.read()
			require.True(t, strings.HasSuffix(got, message(1, 10).Data+"\n\nevent: close\ndata: {\"reason\":\"bad-request\"}\n\n"), got)
			require.Equal(t, test.code, closed.Code)
			require.Contains(t, closed.Text, test.says)
			require.NoError(t, s.CloseWith("bad-request"))
		})
	}
}

// A reader that stalls and sends what it may not is cut off: there is no room to
// tell it.
func TestMisuseOfAStalledReader(t *testing.T) {
	c, s := open(t, "websocket-demand", transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
	ended := fill(t, s, s.ctx)
	require.NoError(t, c.ws.WriteMessage(websocket.BinaryMessage, []byte{9}))
	require.Error(t, <-ended)
	var misuse *transport.Misuse
	require.ErrorAs(t, context.Cause(s.ctx), &misuse)
}

func TestCloseCodes(t *testing.T) {
	for reason, code := range map[string]int{
		"complete": 1000, "bad-request": 1008, "overflow": 1013, "pending-bytes": 1013, "write-deadline": 1013,
		strings.Repeat("long", 50): 1013,
	} {
		sockets(t, func(t *testing.T, name string) {
			c, s := open(t, name, transport.Options{Ready: "{}"})
			require.NoError(t, s.Send(s.ctx, message(1, 10)))
			ended := make(chan error, 1)
			go func() { ended <- s.CloseWith(reason) }()
			text, closed := c.read() // and answers
			require.NoError(t, <-ended)
			require.True(t, strings.HasSuffix(text, "event: close\ndata: {\"reason\":\""+reason+"\"}\n\n"), text)
			require.Equal(t, code, closed.Code)
			require.Equal(t, reason[:min(len(reason), 123)], closed.Text)
		})
	}
}

// A reader that ends the connection by itself is answered.
func TestTheReaderSaysGoodbye(t *testing.T) {
	for sent, want := range map[int]int{
		websocket.CloseNormalClosure: websocket.CloseNormalClosure, websocket.CloseGoingAway: websocket.CloseGoingAway,
		4321: 4321, websocket.CloseNoStatusReceived: websocket.CloseNormalClosure,
	} {
		sockets(t, func(t *testing.T, name string) {
			c, s := open(t, name, transport.Options{Ready: "{}"})
			require.NoError(t, c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(sent, ""), time.Now().Add(patience)))
			text, closed := c.read()
			require.Equal(t, want, closed.Code)
			require.NotContains(t, text, "event: close")
			<-s.ctx.Done()
			require.ErrorIs(t, context.Cause(s.ctx), context.Canceled)
		})
	}
}

// Pings of the reader are answered, also while a Send waits for room: after it.
func TestPingsAreAnswered(t *testing.T) {
	sockets(t, func(t *testing.T, name string) {
		c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		pongs := make(chan string, 2)
		c.ws.SetPongHandler(func(payload string) error { pongs <- payload; return nil })
		ping := func(payload string) {
			require.NoError(t, c.ws.WriteControl(websocket.PingMessage, []byte(payload), time.Now().Add(patience)))
		}
		ping("idle")
		go io.Copy(io.Discard, c.stream()) //nolint:errcheck // ends with the connection
		require.Equal(t, "idle", <-pongs)
		require.NoError(t, s.Send(s.ctx, message(1, 10)))
		ping(strings.Repeat("x", 125))
		require.Len(t, <-pongs, 125)
		require.NoError(t, s.ctx.Err())
	})
}

func TestPingsOfAStalledReaderAreAnswered(t *testing.T) {
	c, s := open(t, "websocket", transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	ended := fill(t, s, ctx)
	for range 1000 { // more than anybody should keep
		require.NoError(t, c.ws.WriteControl(websocket.PingMessage, []byte("again"), time.Now().Add(patience)))
	}
	require.NoError(t, c.ws.WriteControl(websocket.PingMessage, []byte("last"), time.Now().Add(patience)))
	answered := make(chan struct{})
	count := 0
	c.ws.SetPongHandler(func(payload string) error {
		if count++; payload == "last" {
			close(answered)
		}
		return nil
	})
	go io.Copy(io.Discard, c.stream()) //nolint:errcheck // ends with the connection
	select {
	case <-answered:
	case <-time.After(patience):
		require.Fail(t, "no answer")
	}
	require.Less(t, count, 1001, "one answer is enough for many pings (RFC 6455, section 5.5.3)")
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
}
