// Package scenarios holds the lessons that come with the program: one file, one
// lesson. The language is in package script.
package scenarios

import "embed"

// Files are the built-in lessons, the measured series they name, and the shapes
// of their memory curves.
//
//go:embed *.yaml *.csv shapes
var Files embed.FS

// Group is a heading of the gallery and what stands under it.
type Group struct {
	Title   string   // a few words
	About   string   // a sentence: what its lessons have in common
	Lessons []string // files without their ending; each builds on those before it
}

// Groups are the gallery, in its order. Every lesson is in one of them, and a
// new file has its place here before it is shown.
var Groups = []Group{
	{
		Title: "Start here",
		About: "What happens when readers are slower than the source, and who notices.",
		Lessons: []string{
			"one-slow-reader",
			"drain",
			"llm-answers",
		},
	},
	{
		Title: "Strategies",
		About: "What waits, where, how much of it, and what is lost: each against its nearest alternative.",
		Lessons: []string{
			"what-overflows",
			"everybodys-problem",
			"block",
			"request-n",
			"drop-newest",
			"drop-oldest",
			"drop",
			"latest",
			"cut-off",
			"buffer-error",
			"error",
			"disconnect",
			"batch",
			"parallel",
		},
	},
	{
		Title: "The broker",
		About: "Where messages wait when the server does not keep them, and what it costs to come back.",
		Lessons: []string{
			"the-broker-pays",
			"retention-gap",
			"reconnect",
			"the-broker-fires-you",
		},
	},
	{
		Title: "Where are the bytes?",
		About: "Delivered is not read: who holds what nobody has read, and who counts it.",
		Lessons: []string{
			"invisible-megabytes",
			"kernel-memory",
			"extra-hop",
		},
	},
	{
		Title: "Ways to read",
		About: "The same stream, read by the different means of a browser.",
		Lessons: []string{
			"read-fetch",
			"read-eventsource",
			"read-websocket",
			"read-websocket-blocking",
			"read-websocketstream",
			"read-websocket-demand",
		},
	},
	{
		Title: "Transports",
		About: "What lies between a server and its readers, and how much it hides.",
		Lessons: []string{
			"http2-freeze",
		},
	},
	{
		Title: "Runtime and kernel",
		About: "What the Go runtime, the kernel and the supervisor do with the memory of a server.",
		Lessons: []string{
			"memory-stays",
			"gc-spiral",
			"loopback-hides",
			"restart-policy",
		},
	},
}

// Order is that of the gallery, group after group.
func Order() []string {
	var all []string
	for _, g := range Groups {
		all = append(all, g.Lessons...)
	}
	return all
}

// Default is the lesson that opens when none is asked for.
const Default = "one-slow-reader"
