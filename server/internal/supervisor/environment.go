package supervisor

import (
	"slices"
	"strings"
)

// tuning are the variables that change when a Go program collects (package
// runtime). What a person's shell happens to hold must not decide when a lane
// dies, so a child has them from its Spec or not at all.
var tuning = []string{"GOGC", "GOMEMLIMIT"}

// environment is what a child begins with: what this process has, without
// tuning, and then what its Spec adds.
func environment(inherited, added []string) []string {
	kept := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		// Windows does not tell GOGC from gogc.
		return slices.ContainsFunc(tuning, func(t string) bool { return strings.EqualFold(t, name) })
	})
	return append(kept, added...)
}
