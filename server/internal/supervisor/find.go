package supervisor

import "os/exec"

// Find looks a program up on PATH. The error says that it is not there.
func Find(program string) (path string, err error) { return exec.LookPath(program) }
