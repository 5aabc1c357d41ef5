package bench

import (
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
)

// Machine is where results come from. It has no name.
type Machine struct {
	CPU   string `json:"cpu"` // as the system calls it; empty where it does not say
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
}

// Here is this machine.
func Here() Machine {
	m := Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if all, err := cpu.Info(); err == nil && len(all) > 0 {
		m.CPU = all[0].ModelName
	}
	return m
}

func (m Machine) String() string {
	name := m.CPU
	if name == "" {
		name = "a processor without a name"
	}
	return fmt.Sprintf("%s, %d cores, %s, %s", name, m.Cores, m.OS, m.Go)
}
