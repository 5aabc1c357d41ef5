package transport

import (
	"encoding/binary"

	"github.com/gorilla/websocket"
)

// Frames of a server have no mask and, here, are never in parts (RFC 6455,
// section 5.2).
const (
	lastFrame = 0x80 // FIN
	// maxHead is the longest head of a frame: two bytes, and the length in eight.
	maxHead = 2 + 8
	// maxControl is the most that a control frame may carry (section 5.5).
	maxControl = 125
	// maxReason is what is left of it for the reason of an end.
	maxReason = maxControl - 2
)

// appendFrameHead appends the head of a frame with that many bytes behind it.
func appendFrameHead(b []byte, kind byte, size int) []byte {
	b = append(b, lastFrame|kind)
	switch {
	case size < 126:
		return append(b, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
}

// appendPing appends a ping without a payload.
func appendPing(b []byte) []byte { return appendFrameHead(b, websocket.PingMessage, 0) }

// appendPong appends the answer to a ping.
func appendPong(b []byte, payload string) []byte {
	payload = payload[:min(len(payload), maxControl)]
	return append(appendFrameHead(b, websocket.PongMessage, len(payload)), payload...)
}

// appendGoodbye appends the frame after which nothing may come. The reason is
// cut to what it has room for; it is ASCII here.
func appendGoodbye(b []byte, code int, reason string) []byte {
	reason = reason[:min(len(reason), maxReason)]
	b = appendFrameHead(b, websocket.CloseMessage, 2+len(reason))
	return append(binary.BigEndian.AppendUint16(b, uint16(code)), reason...)
}
