package sample

import "errors"

// ErrExited says that the process has ended: it has no memory to measure, which
// is not the same as 0 bytes.
var ErrExited = errors.New("process has exited")
