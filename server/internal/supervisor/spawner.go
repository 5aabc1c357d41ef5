package supervisor

import (
	"os/exec"
	"runtime"
)

// spawner starts processes from one operating-system thread that lives as long
// as the spawner: Linux sends a child its Pdeathsig when the thread that forked
// it ends (prctl(2), PR_SET_PDEATHSIG), and an ordinary goroutine's thread may
// end at any time.
type spawner struct {
	requests chan spawnRequest // unbuffered: the requester waits for the answer anyway
	ended    chan struct{}
}

// childNiceness is what every child begins with where a thread can have its own
// (nice(2)): on a machine with two cores the browser that shows the lanes must
// not wait for them. All children have the same, so their figures compare.
const childNiceness = 5

type spawnRequest struct {
	cmd    *exec.Cmd
	answer chan<- error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest), ended: make(chan struct{})}
	go s.run()
	return s
}

func (s *spawner) run() {
	defer close(s.ended)
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	yieldToOthers()
	for r := range s.requests {
		r.answer <- r.cmd.Start()
	}
}

// start blocks until the process is started: a fork and exec, some milliseconds.
func (s *spawner) start(cmd *exec.Cmd) error {
	answer := make(chan error, 1) // the one answer
	s.requests <- spawnRequest{cmd, answer}
	return <-answer
}

// close ends the thread, and on Linux with it every child still alive.
func (s *spawner) close() {
	close(s.requests)
	<-s.ended
}
