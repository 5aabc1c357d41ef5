package e2e

import (
	"fmt"
	"os"
	"strings"
)

// descendants lists the pids of the processes that the program has started,
// and of those that they have. Linux tells them; elsewhere there are none.
func (p *program) descendants() []string { return descendantsOf(fmt.Sprint(p.cmd.Process.Pid)) }

func descendantsOf(pid string) []string {
	var out []string
	tasks, _ := os.ReadDir("/proc/" + pid + "/task")
	for _, task := range tasks { // a child belongs to the thread that started it
		text, err := os.ReadFile("/proc/" + pid + "/task/" + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(text)) {
			out = append(out, child)
			out = append(out, descendantsOf(child)...)
		}
	}
	return out
}
