package broker

import "strconv"

// LocalArgs are the arguments for a redis-server that serves as the broker: on
// loopback, in the foreground, without persistence, refusing XADD above
// maxMemoryBytes (0: no limit). dir is its working directory, where nothing is
// written; an empty config file is implied. The first argument is not the program.
func LocalArgs(port int, dir string, maxMemoryBytes int64) []string {
	return []string{
		"--port", strconv.Itoa(port),
		"--bind", "127.0.0.1",
		"--dir", dir,
		"--save", "",
		"--appendonly", "no",
		"--daemonize", "no",
		"--maxmemory", strconv.FormatInt(maxMemoryBytes, 10),
		"--maxmemory-policy", "noeviction",
	}
}
