// Package browser opens a page in the browser of the person at this machine.
package browser

import (
	"fmt"
	"os/exec"
	"runtime"
)

// Open asks the desktop to show a URL. It does not wait for the browser.
func Open(url string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", url)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		cmd = exec.Command("xdg-open", url)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open browser: %w", err)
	}
	go func() { _ = cmd.Wait() }() // reaps the helper program, which ends by itself
	return nil
}
