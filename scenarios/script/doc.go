// Package script reads a scenario file: what runs beside each other, under
// which load, read by whom. It is pure text in, checked values out, and does no
// I/O.
//
// Sizes (64KiB, 1MB), rates (10/s, 4KB/s) are typed: a bare number is an error,
// because nobody can see what it counts.
package script
