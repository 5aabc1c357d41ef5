// Package lane is the vocabulary of the lane process and of everybody who
// talks with one: what a lane is told, what it counts, what it reports. It does
// no I/O and imports the standard library only.
//
//	producer → broker → source → strategy → transport → kernel → browser → reader
//	                    └────────── one lane process ──────────┘
package lane
