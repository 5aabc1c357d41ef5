// Package child is the child's side of the contract between the server and the
// processes it starts: broker, producer, lanes and crowd. It lies beside the
// way of the data, not on it: no message of a lane passes here, only its
// settings, its readiness and what it reports about itself.
//
// The contract is newline-delimited JSON over the standard streams:
//
//	stdin   first line: the child's configuration; further lines: commands
//	stdout  first line: the ready value; further lines: reports
//	stderr  log, one record a line (see [NewLog])
//
// A line is at most [MaxLineBytes] long. A malformed command is logged,
// counted and skipped; a malformed configuration ends the child with [ExitUsage].
//
// # Lifetime
//
// A child lives as long as its stdin is open. The write end of that pipe exists
// in the parent alone, so the kernel closes it however the parent ends, kill -9
// included: [Serve] then cancels run's context and returns. On Linux the
// supervisor adds Pdeathsig, which does not depend on the child's cooperation.
//
// Ctrl-C does not reach a child: the supervisor starts each in a process group
// of its own, so that the parent can say goodbye in order. Started by hand in a
// terminal, the same mode can be interrupted as usual.
//
// The server itself has no such pipe to whoever started it. See [ExitWithParent].
//
// # Where bytes wait
//
// Reports wait in a queue of at most 64 lines and [MaxLineBytes] bytes, commands
// in a channel of 16 lines. In both the newest win: the oldest is dropped and
// counted when there is no room, because a reader of this pipe wants the state
// as it is, and neither a stuck parent may block the data path nor a busy child
// the notice that its stdin has ended.
package child
