//go:build release

package web

import (
	"embed"
	"io/fs"
)

//go:embed static/client.wasm.gz static/wasm_exec.js
var client embed.FS

// Client holds client.wasm.gz and wasm_exec.js in a release, where the program
// must run without a Go toolchain.
func Client() fs.FS {
	static, err := fs.Sub(client, "static")
	if err != nil { // only for a name that is not a path
		panic(err)
	}
	return static
}
