// Package outcome says what became of a run: which rules held, what each lane
// came to, what it took. It is a summary for terminals, and files for programs:
// JSON, CSV and JUnit.
//
//	samples, events, marks → recording → outcome → summary, report
//
// Everything is read from the recording and nothing else, so that the same
// recording always has the same outcome. The package does no I/O but to the
// writers it is given, starts no goroutine, and keeps no recording.
package outcome
