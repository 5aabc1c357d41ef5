package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"spillway/wasm/wire"
)

// maxMessage bounds what a reader may send in one message. It is more than a
// demand has, so that a malformed one is told apart from a flood.
const maxMessage = maxControl

// Misuse is a reader that has sent what it may not. It is the cause of the end
// of the connection's context.
type Misuse struct {
	Code   int // that the connection was closed with (RFC 6455, section 7.4.1)
	Detail string
}

func (m *Misuse) Error() string { return m.Detail }

// ErrCancelled is the cause of the end of the context of a reader that has
// cancelled. Nothing more has to come then, and what serves it is released
// (Reactive Streams, rules 3.12 and 3.13), the connection with it: it carries
// one stream.
var ErrCancelled = errors.New("the reader has cancelled")

// watch reads what the reader sends until the connection ends.
func (s *socketSink) watch(conn *reading) {
	defer close(s.gone)
	defer s.conn.Close() // a Send may be blocked on a connection whose other end has gone
	bye, cause := s.listen(conn)
	if bye.code > 0 {
		said := make(chan struct{})
		bye.said = said
		s.bye.Store(&bye)
		s.answer()
		wait := time.NewTimer(momentToSay)
		select {
		case <-said:
		case <-wait.C: // a Send waits for room; the end of the context cuts it
		}
		wait.Stop()
	}
	s.leave(cause)
	if bye.code > 0 && !bye.reply {
		s.conn.SetReadDeadline(time.Now().Add(patienceForReply))
		var discard [64]byte
		for {
			if _, err := s.conn.Read(discard[:]); err != nil {
				return
			}
		}
	}
}

// listen returns when nothing more is to be read: with what the reader is told,
// if anything, and the cause of the end.
func (s *socketSink) listen(conn *reading) (goodbye, error) {
	s.ws.SetReadLimit(maxMessage)
	s.ws.SetCloseHandler(func(int, string) error { return nil })
	s.ws.SetPingHandler(func(payload string) error {
		s.pong.Store(&payload)
		s.answer()
		return nil
	})
	s.ws.SetPongHandler(func(string) error {
		s.pinged.Store(0)
		return nil
	})
	for {
		kind, message, err := s.ws.NextReader()
		if err != nil {
			return endOf(err, conn.wrote)
		}
		if s.asked == nil {
			return misused(websocket.CloseUnsupportedData, "this stream takes no messages from its reader")
		}
		var data [wire.MaxDemandBytes + 1]byte // one more, to see that there is more
		n := 0
		for err == nil && n < len(data) {
			var more int
			more, err = message.Read(data[n:])
			n += more
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return endOf(err, conn.wrote)
		}
		d, err := wire.ParseDemand(data[:n])
		switch {
		case kind != websocket.BinaryMessage:
			return misused(websocket.ClosePolicyViolation, "demand is a binary message, not a text")
		case err != nil:
			return misused(websocket.ClosePolicyViolation, fmt.Sprintf("not a demand: % x", data[:n]))
		case d.N == 0:
			s.asked.cancel()
			return goodbye{code: websocket.CloseNormalClosure, reason: "cancelled"}, ErrCancelled
		}
		s.asked.add(d.N)
	}
}

// endOf tells from the error of a read, and from what gorilla would have
// written, why it is the last one.
func endOf(err error, wrote []byte) (goodbye, error) {
	var closed *websocket.CloseError
	const head = 2 + 2 // of a close frame, and its code
	switch {
	case len(wrote) >= head: // gorilla complains, and says how
		code := int(binary.BigEndian.Uint16(wrote[2:]))
		return misused(code, err.Error())
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		code := closed.Code
		if code == websocket.CloseNoStatusReceived {
			code = websocket.CloseNormalClosure
		}
		return goodbye{code: code, reply: true}, nil
	}
	return goodbye{}, nil // it has gone
}

func misused(code int, detail string) (goodbye, error) {
	return goodbye{code: code, reason: detail, event: badRequest}, &Misuse{code, detail}
}
