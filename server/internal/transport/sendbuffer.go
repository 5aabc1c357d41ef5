package transport

// SetSendBuffer changes the size of the send buffer. It does not wait, also while
// a write does: where there is room now, that goes on. Linux doubles the size,
// allows no more than its maximum, and keeps what is in a buffer that has become
// smaller: it takes nothing more until enough of it has left (socket(7),
// SO_SNDBUF).
func (l *line) SetSendBuffer(bytes int) error { return setSendBuffer(l.conn, bytes) }

// SetSendBuffer changes that of the connection, which all its streams share.
func (s *http2Sink) SetSendBuffer(bytes int) error { return setSendBuffer(s.conn, bytes) }
