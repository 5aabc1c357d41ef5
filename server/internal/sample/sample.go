package sample

import "time"

// Sample is one measurement of one process, from outside and from inside.
type Sample struct {
	At      time.Time     `json:"at"`
	Proc    ProcSample    `json:"proc"`
	Runtime RuntimeSample `json:"runtime"` // zero for a program that is not written in Go
}

// ProcSample is what the operating system says about a process.
type ProcSample struct {
	At time.Time `json:"at"` // when it was read

	// RSSBytes is the resident set: what Node calls rss. Memory that the process
	// has freed stays in it until the runtime has returned it to the OS. On
	// Linux the kernel batches the count per CPU: it is exact to some 100 KiB.
	RSSBytes int64 `json:"rssBytes"`

	// CPU is the processor time used since the start of the process, user and
	// system together, all threads. In steps of 10 ms on Linux.
	CPU time.Duration `json:"cpuNanoseconds"`
}
