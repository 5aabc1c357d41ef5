package supervisor

// guardScript starts a watcher that kills this process when stdin ends, and then
// becomes the program: $$ stays the pid, so that samples and signals reach the
// program itself. The watcher reads a copy of stdin because a shell gives
// background commands /dev/null; it belongs to the same process group and ends
// with it.
const guardScript = `exec 3<&0
{ cat <&3; kill -9 $$; } >/dev/null 2>&1 &
exec "$0" "$@" </dev/null 3<&-`

// shellGuard wraps a foreign program, which does not leave when its stdin ends,
// so that it is killed then. For Unix systems without Pdeathsig.
func shellGuard(path string, args []string) (string, []string) {
	return "/bin/sh", append([]string{"-c", guardScript, path}, args...)
}
