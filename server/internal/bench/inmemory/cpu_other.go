//go:build !unix

package inmemory

import (
	"fmt"
	"os"

	"spillway/server/internal/sample"
)

// cpu is the processor time of this process so far in seconds, user and system
// together.
func cpu() (float64, error) {
	p, err := sample.OpenProc(os.Getpid())
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	defer p.Close()
	s, err := p.Read()
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	return s.CPU.Seconds(), nil
}
