package transport

import (
	"net"
	"time"
)

// Silence has a WebSocket believe that the other machine is silent, or is not.
func Silence(s Sink, is bool) {
	s.(*socketSink).silent = func(net.Conn, time.Duration) bool { return is }
}

// AwaitsPong tells whether a ping of a WebSocket is not answered.
func AwaitsPong(s Sink) bool { return s.(*socketSink).pinged.Load() != 0 }
