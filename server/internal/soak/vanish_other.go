//go:build !linux

package soak

import (
	"errors"
	"net"
	"syscall"
)

// narrow leaves the buffers to the OS.
func narrow(_, _ string, _ syscall.RawConn) error { return nil }

// drop is what only Linux can do.
func drop(net.Conn) error { return errors.ErrUnsupported }

// mute likewise.
func mute(net.Conn) error { return errors.ErrUnsupported }
