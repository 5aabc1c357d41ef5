//go:build js && wasm

package page

import (
	"strings"
	"syscall/js"

	"spillway/wasm/internal/dom"
)

// Where a key has another meaning than that of a shortcut.
const (
	typing  = "input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]"
	pressed = "button, a[href], summary, input, select, [role=button]" // Space acts on these
)

// listenKeys makes shortcuts: a key presses the button that names it in
// data-key. It decides within the browser's callback, because only there can the
// key's usual meaning (Space scrolls) be prevented.
func (p *page) listenKeys() (release func()) {
	return dom.Listen(dom.Document(), "keydown", func(event js.Value) {
		key := event.Get("key")
		if key.Type() != js.TypeString || event.Get("defaultPrevented").Bool() || event.Get("repeat").Bool() {
			return
		}
		for _, modifier := range []string{"ctrlKey", "altKey", "metaKey"} {
			if event.Get(modifier).Bool() {
				return
			}
		}
		target := event.Get("target")
		if _, inText := dom.Closest(target, typing); inText {
			return
		}
		if _, takesSpace := dom.Closest(target, pressed); takesSpace && key.String() == " " {
			return
		}
		if button, ok := buttonOf(key.String()); ok {
			event.Call("preventDefault")
			button.Call("click")
		}
	})
}

// buttonOf finds the button of a key. While a dialog is open only the buttons
// that belong to dialogs count, and the one that opened it.
func buttonOf(key string) (button js.Value, ok bool) {
	_, modal := dom.First(dom.Document(), "dialog[open]")
	dom.Each(dom.Document(), "[data-key]", func(e js.Value) {
		if ok || !strings.EqualFold(dom.Attr(e, "data-key"), key) || e.Get("disabled").Truthy() {
			return
		}
		if modal && dom.Attr(e, "data-action") != "help" {
			return
		}
		if e.Call("getClientRects").Length() == 0 {
			return // not shown
		}
		button, ok = e, true
	})
	return button, ok
}
