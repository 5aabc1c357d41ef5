package child

import (
	"os"
	"strconv"
	"strings"
)

// processName is the name of the program that pid runs, "" if it cannot be read.
func processName(pid int) string {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(name), "\n")
}
