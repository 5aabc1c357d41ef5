//go:build !linux

package kernel

import "syscall"

// grantedSendBuffer has no source here: macOS refuses what is too large instead
// of granting less, and Windows bounds nothing.
func grantedSendBuffer(syscall.RawConn, int) (int, error) { return 0, ErrNotVisible }
