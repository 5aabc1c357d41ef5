package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"spillway/server/internal/run"
)

// drawEvery bounds how often a picture is drawn: 5 times a second is smooth
// enough for numbers to be read.
const drawEvery = 200 * time.Millisecond

// Display shows runs, one after the other: in place where there is a terminal,
// else as plain lines. Show and End belong to one goroutine; Write and Close may
// be called from any.
type Display struct {
	out    io.Writer
	device Device
	screen *Screen // nil: plain lines

	plain  *Plain
	story  Story
	drawn  time.Time
	length time.Duration
}

// NewDisplay shows on out, in place if it is a terminal and inPlace is wanted.
func NewDisplay(out io.Writer, inPlace bool, getenv func(string) string) *Display {
	d := &Display{out: out}
	if device, ok := Open(out, getenv); ok && inPlace {
		d.device, d.screen = device, NewScreen(out)
	}
	return d
}

// Look is how the terminal is; without one there is no width and no colour.
func (d *Display) Look() Look {
	if d.screen == nil {
		return Look{}
	}
	return d.device.Look()
}

// Begin prepares for a run. length is that of one without steps.
func (d *Display) Begin(length time.Duration) {
	d.plain, d.story, d.drawn, d.length = NewPlain(d.out), Story{}, time.Time{}, length
}

// Show shows a view of the run. It blocks while the terminal does. A terminal
// that is gone is no reason to end a run, so nothing is returned.
func (d *Display) Show(v run.View) {
	if d.screen == nil {
		_ = d.plain.Show(v)
		return
	}
	if now := time.Now(); now.Sub(d.drawn) >= drawEvery {
		d.drawn = now
		d.draw(v)
	}
}

// End shows the last view of a run and leaves it where it is.
func (d *Display) End(v run.View) {
	if d.screen == nil {
		_ = d.plain.Show(v)
		return
	}
	d.draw(v)
	d.Close()
}

func (d *Display) draw(v run.View) {
	look := d.device.Look()
	look.Length = d.length
	if told := d.story.Tell(v, look); len(told) > 0 {
		fmt.Fprintln(d.screen, strings.Join(told, "\n"))
	}
	_ = d.screen.Draw(Lines(v, look))
}

// Write prints whole lines where they do not disturb the picture.
func (d *Display) Write(text []byte) (int, error) {
	if d.screen == nil {
		return d.out.Write(text)
	}
	return d.screen.Write(text)
}

// Close gives the terminal back as it was.
func (d *Display) Close() {
	if d.screen != nil {
		_ = d.screen.Close()
	}
}
