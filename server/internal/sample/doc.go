// Package sample measures processes: from outside what the operating system
// counts ([Proc]), from inside what the Go runtime counts ([Runtime]). It stands
// beside the way of the data; samples go from lane, broker and readers over the
// hub to the page's charts. Nothing here blocks, and what is kept is bounded by
// the capacity of a [Series].
//
// The words of the page, for those who know Node's process.memoryUsage():
//
//	page           Node                    read from
//	RSS            rss                     the OS: /proc/PID/statm on Linux
//	heap total     heapTotal               /memory/classes/heap/{objects,unused,free}:bytes
//	heap in use    heapUsed                /memory/classes/heap/objects:bytes
//	live           (none; V8 does not say) /gc/heap/live:bytes
//	outside heap   rss - heapTotal, partly /memory/classes/total:bytes less the heap
//	(none)         external, arrayBuffers  Go keeps these in its heap
//
// The kernel's socket buffers are in none of them, RSS included.
package sample
