// Package inmemory measures strategies alone: their source is a counter, their
// sink a place where messages disappear.
//
//	source → strategy → transport → kernel → browser → reader
//	└──── all of it in one process ────┘
//
// What it finds is the price of the mechanism itself. In front of a plain Go
// channel that does the same (a goroutine that receives, one that sends) it is
// comparable between machines; in front of sockets it is small, see package
// bench.
package inmemory
