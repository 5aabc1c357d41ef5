package record

import (
	"runtime"
	"runtime/debug"

	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// Here is the machine and the program that run. What cannot be read is left
// empty. broker says which carries the messages.
func Here(broker string, maxMemoryBytes int64) Environment {
	e := Environment{
		OS:             runtime.GOOS + "/" + runtime.GOARCH,
		Cores:          runtime.NumCPU(),
		Go:             runtime.Version(),
		Spillway:       revision(),
		Broker:         broker,
		MaxMemoryBytes: maxMemoryBytes,
	}
	if kernel, err := host.KernelVersion(); err == nil && kernel != "" {
		e.OS += ", " + kernel
	}
	if memory, err := mem.VirtualMemory(); err == nil {
		e.MemoryBytes = int64(memory.Total)
	}
	return e
}

// revision is the version of the module where it was built from one, else the
// commit, with a + when files had been changed.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var commit, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(len(s.Value), shortCommit)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if commit != "" {
		return commit + changed
	}
	return info.Main.Version
}

// shortCommit is how many digits of a commit are shown.
const shortCommit = 12
