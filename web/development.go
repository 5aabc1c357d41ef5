//go:build !release

package web

import "io/fs"

// Client is nil outside of a release: the server compiles the client when it
// starts.
func Client() fs.FS { return nil }
