package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// understands asks the console to take escape sequences; older ones do not.
func understands(file *os.File) bool {
	console := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
