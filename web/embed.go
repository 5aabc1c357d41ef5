// Package web carries the files that a browser loads beside the pages: the
// style sheet, the mark and the few lines that start the WASM client.
//
//	server → site → page, static → browser
//
// The client itself (client.wasm, wasm_exec.js) is a build product and is not in
// here.
package web

import (
	"embed"
	"io/fs"
)

//go:embed static/app.css static/lesson.css static/heap.css static/compare.css static/compare.js static/editor.js static/code.css static/code.js static/account.css static/account.js static/readers.js static/boot.js static/press.js static/script.js static/replay.js static/theme.js static/worker.js static/mark.svg
var files embed.FS

// Static holds the files by their names below /static/: app.css, lesson.css, heap.css,
// compare.css, compare.js, editor.js, code.css, code.js, account.css, account.js, readers.js, boot.js, press.js, script.js, replay.js, theme.js, worker.js, mark.svg.
func Static() fs.FS {
	static, err := fs.Sub(files, "static")
	if err != nil { // only for a name that is not a path
		panic(err)
	}
	return static
}
