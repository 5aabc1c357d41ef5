// Package scenarios holds the lessons that come with the program: one file, one
// lesson. The language is in package script.
package scenarios

import "embed"

// Files are the built-in lessons, in the order of their names.
//
//go:embed *.yaml
var Files embed.FS

// Default is the lesson that opens when none is asked for.
const Default = "one-slow-reader"
