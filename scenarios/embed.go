// Package scenarios holds the lessons that come with the program: one file, one
// lesson. The language is in package script.
package scenarios

import "embed"

// Files are the built-in lessons, the measured series they name, and the shapes
// of their memory curves.
//
//go:embed *.yaml *.csv shapes
var Files embed.FS

// Order is that of the gallery: each lesson builds on those before it.
var Order = []string{
	"one-slow-reader",
	"drain",
	"llm-answers",
	"the-broker-pays",
	"retention-gap",
	"reconnect",
	"memory-stays",
	"gc-spiral",
	"restart-policy",
	"loopback-hides",
	"everybodys-problem",
	"what-overflows",
	"cut-off",
}

// Default is the lesson that opens when none is asked for.
const Default = "one-slow-reader"
