package soak

import (
	"fmt"
	"os"
	"strconv"
)

// Level is what a process holds in a calm.
type Level struct {
	Goroutines uint64 `json:"goroutines"`
	Files      int    `json:"files"`    // open file descriptors; -1: not visible on this OS
	RSSBytes   int64  `json:"rssBytes"` // after it gave back what is free; 0: not visible on this OS
}

// How much more RSS a process may have than in the first calm. The heap is not in
// question: both readings follow a collection that gives back what is free. What
// remains is of two kinds. Spans of the heap stay for the one object that lives
// in them, and the runtime keeps tables for the largest heap there was: a share
// of the whole, rssShare. And what was needed once stays: pages of the program
// that run for the first time, of which a fault brings 64 KiB in at once, and
// threads, which the Go runtime does not end, with what each has for itself:
// rssSlackBytes. In six minutes lanes were seen to grow by 0.1 to 1.7 MiB, and the
// process of the readers by up to 1.5.
//
// Goroutines and descriptors have no slack. The state is the same to the last
// connection, so the numbers are.
const (
	rssShare      = 0.10
	rssSlackBytes = 4 << 20
)

// mostRSS is what a process may have that had this in the first calm.
func mostRSS(baseBytes int64) int64 {
	return baseBytes + int64(rssShare*float64(baseBytes)) + rssSlackBytes
}

// Against compares a level with that of the first calm, in words; nothing to say
// is well. What is not visible is not compared.
func (l Level) Against(base Level) (wrong []string) {
	if l.Goroutines != base.Goroutines {
		wrong = append(wrong, fmt.Sprintf("%d goroutines, not %d", l.Goroutines, base.Goroutines))
	}
	if l.Files != base.Files {
		wrong = append(wrong, fmt.Sprintf("%d open file descriptors, not %d", l.Files, base.Files))
	}
	if most := mostRSS(base.RSSBytes); base.RSSBytes > 0 && l.RSSBytes > most {
		wrong = append(wrong, fmt.Sprintf("RSS %s; from %s at most %s were allowed", mebibytes(l.RSSBytes), mebibytes(base.RSSBytes), mebibytes(most)))
	}
	return wrong
}

// openFiles counts the descriptors of a process; -1 where the OS does not tell.
// Reading one's own counts the one that is read with.
func openFiles(pid int) int {
	list, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return -1
	}
	return len(list)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
