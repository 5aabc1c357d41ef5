//go:build js && wasm

// Package dom is the client's hold on the page: finding elements, changing them
// only when something changed, and listening.
//
//	samples → hub → page: charts, verdicts
//
// A call into the browser costs about 0.45 µs, a change of the page much more.
// What was written last is therefore remembered here and not asked for.
package dom

import "syscall/js"

// Document is the page.
func Document() js.Value { return js.Global().Get("document") }

// Body is the page's body.
func Body() js.Value { return Document().Get("body") }

// ByID returns the element with this id.
func ByID(id string) (js.Value, bool) {
	e := Document().Call("getElementById", id)
	return e, e.Truthy()
}

// Each calls f for every element below root that the selector matches.
func Each(root js.Value, selector string, f func(js.Value)) {
	found := root.Call("querySelectorAll", selector)
	for i := range found.Length() {
		f(found.Index(i))
	}
}

// First returns the first element below root that the selector matches.
func First(root js.Value, selector string) (js.Value, bool) {
	e := root.Call("querySelector", selector)
	return e, e.Truthy()
}

// Closest returns e or the nearest element around it that the selector matches.
// It reports false for an event target that is no element.
func Closest(e js.Value, selector string) (js.Value, bool) {
	if !e.Truthy() || e.Get("closest").Type() != js.TypeFunction {
		return js.Value{}, false
	}
	found := e.Call("closest", selector)
	return found, found.Truthy()
}

// Attr returns an attribute, empty if it is missing.
func Attr(e js.Value, name string) string {
	if v := e.Call("getAttribute", name); v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// SetAttr sets an attribute if it has another value.
func SetAttr(e js.Value, name, value string) {
	if v := e.Call("getAttribute", name); v.Type() != js.TypeString || v.String() != value {
		e.Call("setAttribute", name, value)
	}
}

// SetText sets an element's text if it is another.
func SetText(e js.Value, text string) {
	if e.Get("textContent").String() != text {
		e.Set("textContent", text)
	}
}

// Listen calls f for every event of this name at target until release is
// called. f must not block.
func Listen(target js.Value, event string, f func(event js.Value)) (release func()) {
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	target.Call("addEventListener", event, callback)
	return func() {
		target.Call("removeEventListener", event, callback)
		callback.Release()
	}
}
