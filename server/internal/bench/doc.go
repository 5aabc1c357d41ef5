// Package bench measures what a lane costs, as its peers are measured: events
// delivered for each second of processor time of the serving process.
//
//	feed → broker → serving process → kernel → readers
//	└──────────────── of one run ────────────────────┘
//
// Everything but the serving process is this package's own and the same for all
// peers: the feed and the readers are one process (the load), which counts every
// message at every reader and reads the clocks of the others; the broker is the
// embedded one, started anew for each peer. All peers take their input from it
// over a socket. What is compared with the lanes is in servers.go: small servers
// of the usual kinds, each a process of the same binary.
//
// The load is on the same machine and takes its share of it. Its processor time
// stands beside every figure, and figures are for a second of processor time, not
// for a second. Peers take turns within a run, and each figure is set in relation
// to the baseline of the same run.
package bench
