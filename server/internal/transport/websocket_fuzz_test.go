package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// hijacked is a response whose connection is ours.
type hijacked struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// masked is a frame of a reader, with a mask that changes nothing.
func masked(kind byte, payload []byte) []byte {
	return append([]byte{lastFrame | kind, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// Whatever a reader sends after the handshake, nothing panics, nobody waits for
// good, and no demand is less than one.
func FuzzReading(f *testing.F) {
	for _, demand := range []bool{false, true} {
		f.Add(demand, []byte{})
		f.Add(demand, masked(2, wire.AppendRequest(nil, 7)))
		f.Add(demand, masked(2, wire.AppendRequest(nil, 0)))
		f.Add(demand, append(masked(2, wire.AppendCancel(nil)), masked(2, wire.AppendRequest(nil, 7))...))
		f.Add(demand, masked(1, []byte("hello")))
		f.Add(demand, append(masked(9, []byte("ping")), masked(10, nil)...))
		f.Add(demand, masked(8, []byte{3, 0xe8}))
		f.Add(demand, []byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		f.Add(demand, []byte{0x02, 0x81, 0, 0, 0, 0, 1, 0x80, 0x84, 0, 0, 0, 0, 0, 0, 0, 9})
	}
	f.Fuzz(func(t *testing.T, demand bool, data []byte) {
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs) //nolint:errcheck // ends with the connection
		r := httptest.NewRequest(http.MethodGet, "/stream", nil)
		for key, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(key, value)
		}
		d := webSocket
		if demand {
			d = webSocketDemand
		}
		s, ctx, err := d.Open(hijacked{httptest.NewRecorder(), ours}, r, Options{Stats: new(lane.Stats), Ready: "{}"})
		if err != nil {
			t.Fatal(err)
		}
		taken := make(chan struct{})
		go func() {
			defer close(taken)
			for {
				select {
				case n, ok := <-s.Requests():
					if ok && n < 1 {
						t.Errorf("a demand of %d", n)
					}
					if !ok {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}()
		theirs.SetWriteDeadline(time.Now().Add(patience))
		if _, err := theirs.Write(data); err != nil && ctx.Err() == nil {
			t.Errorf("it reads no more: %v", err)
		}
		theirs.Close()
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case <-ctx.Done():
		case <-wait.C:
			t.Error("it has not ended")
		}
		s.Close()
		<-taken
	})
}
