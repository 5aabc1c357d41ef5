package lanehost

import "spillway/server/internal/transport"

// resizable is a sink whose send buffer can be changed while it is open.
type resizable interface{ SetSendBuffer(bytes int) error }

// setSendBuffer changes the send buffer of all connections and of those that
// come. Less than 1 leaves what comes to the operating system; what is open keeps
// its size then, because a buffer that has been set once never grows by itself
// again. It blocks for nobody.
func (h *Host) setSendBuffer(bytes int) {
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
	if s, ok := sink.(resizable); ok {
		if err := s.SetSendBuffer(bytes); err != nil { // or it has just been closed
			h.log.Debug("set send buffer", "err", err)
		}
	}
}
