package script

import "errors"

// File is a scenario as it lies on the disk, or in an editor.
type File struct {
	Path string // as errors show it; the scenario is called like it, without folder and ending
	Text []byte
	// Read returns a file beside it, at most a few hundred KiB. Names have no
	// folder in them. Nil: there is nothing beside it.
	Read func(name string) ([]byte, error)
}

// Parse reads and checks a scenario. The error is [Errors]: everything that is
// wrong, and then there is no scenario.
func Parse(f File, v Vocabulary) (Scenario, error) {
	return Scenario{}, errors.New("not yet")
}

// Error is one line for each.
func (e Errors) Error() string { return "not yet" }
