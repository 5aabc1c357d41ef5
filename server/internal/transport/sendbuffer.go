package transport

// SetSendBuffer changes the size while the buffer is in use; less than 1 does not.
// On Linux a write that waits goes on where there is room now, and what is in a
// buffer that has become smaller stays: nothing more is taken until enough of it
// has left (socket(7), SO_SNDBUF).
func (l *line) SetSendBuffer(bytes int) error { return setSendBuffer(l.conn, bytes) }

// SetSendBuffer changes that of the connection, which all its streams share.
func (s *http2Sink) SetSendBuffer(bytes int) error { return setSendBuffer(s.conn, bytes) }
