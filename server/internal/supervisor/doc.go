// Package supervisor starts the processes that the data passes through (broker,
// producer, lanes, crowd), waits until they are ready, samples their RSS from
// outside, kills the one that passes its limit, and says how each ended. No
// message of a lane passes here. It is the only package that uses os/exec; the
// other side of its pipes is package child.
//
// # Lifetime
//
// No process outlives the server, however the server ends:
//
//   - every child's stdin is a pipe whose write end the server alone holds; the
//     kernel closes it with the server, and a child of this binary leaves at EOF
//     ([child.Serve]);
//   - on Linux every child also has Pdeathsig SIGKILL, foreign programs included.
//     The kernel sends it when the *thread* that forked ends, not the process,
//     so all children are started from one locked thread that lives as long as
//     the Supervisor;
//   - on other Unix systems a foreign program, which knows nothing of our EOF, is
//     started under a guard: see guard_script.go.
//
// Every child leads a process group of its own. Ctrl-C in a terminal therefore
// reaches the server only, which ends its children in order through
// [Supervisor.Close]; and a kill takes along what a foreign program (npm, say)
// has started in turn.
//
// # Death
//
// The limit is enforced here: RSS is read every 50 ms and a process over its
// limit gets SIGKILL at once. That overshoots by what is allocated in one period
// (2 to 4 MB at 100 MB/s), where the alternatives end a Go process with exit
// code 2 (RLIMIT_AS), need privileges (a memory cgroup), or never end it
// (GOMEMLIMIT). [Exit] says who killed whom and why. To restart what has ended,
// Start the same Spec again.
//
// # Where bytes wait
//
// Commands to a child wait in a queue of 64; when it is full, Send fails instead
// of blocking. Reports are not kept: OnReport is called from the goroutine that
// reads the pipe, and while it blocks the child drops its oldest reports and
// counts them. Of the log, the last lines are kept within fixed bounds.
package supervisor
