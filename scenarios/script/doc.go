// Package script reads a scenario file: what runs beside each other, under
// which load, read by whom, what happens when, and what must come true. It is
// pure text in, checked values out, and does no I/O.
//
//	text → tokens (scan) → tree → values with their places (decode) → checks
//
// Sizes (64KiB, 1MB), rates (10/s, 4KB/s) and times (5s) are typed: a bare
// number is an error, because nobody can see what it counts. What is wrong is
// said all at once, each with its place in the file.
package script
