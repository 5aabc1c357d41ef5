//go:build !linux

package kernel

import "net"

// ReceiveQueue has no source here.
func ReceiveQueue(net.Conn) (uint64, error) { return 0, ErrNotVisible }
