package lanehost

import (
	"errors"
	"net"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// setSendBuffer changes the send buffer of all connections and of those that
// come; 0 is the default. -1 leaves what comes to the operating system; what is
// open keeps its size then, because a buffer that has been set once never grows by
// itself again. It blocks for nobody.
func (h *Host) setSendBuffer(bytes int) {
	if bytes == 0 {
		bytes = lane.DefaultSendBufferBytes
	}
	h.sendBuffer.Store(int64(bytes))
	for _, c := range h.readers.opens() {
		h.resize(c.sink, bytes)
	}
}

// opened tells the registry of a sink that was opened with a send buffer of bytes,
// and changes that if another was ordered meanwhile.
func (h *Host) opened(c *connection, sink transport.Sink, bytes int) {
	h.readers.opened(c, sink)
	if now := int(h.sendBuffer.Load()); now != bytes {
		h.resize(sink, now)
	}
}

func (h *Host) resize(sink transport.Sink, bytes int) {
	if err := sink.SetSendBuffer(bytes); err != nil && !errors.Is(err, net.ErrClosed) {
		h.log.Warn("change send buffer", "err", err)
	}
}
