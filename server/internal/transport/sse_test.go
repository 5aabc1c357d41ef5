package transport_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
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
			addr, sinks := serve(t, "sse", transport.Options{Ready: `{"lane":"push"}`, Origin: test.origin, Heartbeat: time.Minute})
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
	addr, _ := serve(t, "sse", transport.Options{Ready: `{"lane":"push"}`})
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

func TestBytesBehindTheRequestAreRefused(t *testing.T) {
	addr, sinks := serve(t, "sse", transport.Options{Ready: "{}"})
	c := dial(t, addr, get+get)
	require.Error(t, (<-sinks).err)
	_, err := io.ReadAll(c)
	if err != nil { // unread bytes make the kernel reset
		require.ErrorContains(t, err, "reset")
	}
}
