package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Device is a terminal somebody looks at.
type Device struct {
	file  *os.File
	color bool
}

// Open tells whether w is a terminal on which lines can be drawn in place. One
// that says it is dumb is not. It asks the environment: NO_COLOR (no-color.org)
// leaves colours away, TERM says what kind it is.
func Open(w io.Writer, getenv func(string) string) (Device, bool) {
	file, ok := w.(*os.File)
	if !ok || getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) || !understands(file) {
		return Device{}, false
	}
	return Device{file: file, color: getenv("NO_COLOR") == ""}, true
}

// Look is how the terminal is now: people change the size of windows.
func (d Device) Look() Look {
	width, height, err := term.GetSize(int(d.file.Fd()))
	if err != nil || width <= 0 {
		return Look{Color: d.color}
	}
	return Look{Width: width, Height: max(1, height-1), Color: d.color} // the cursor stands in the last row
}
