//go:build js && wasm

// Spillway's client: one WASM module in two roles.
//
//	samples → hub → page                                 role "page"
//	transport → kernel → browser → reader → throttle     role "worker"
//
// In the page it keeps charts and figures moving and passes on what a person
// does. In a dedicated worker per lane it is a reader that reads at the rate it
// is told, so that the backpressure it makes is real. boot.js and worker.js say
// which one it is in globalThis.spillwayRole.
//
// Its size has a budget, so nothing it imports may import fmt.
package main

import (
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/page"
	"spillway/wasm/internal/scope"
	"spillway/wasm/internal/worker"
)

func main() {
	switch role := js.Global().Get("spillwayRole").String(); role {
	case "page":
		runPage()
	case "worker":
		worker.Run(scope.New(nil)) // until the page terminates it
	default:
		panic("unknown role " + role)
	}
}

// runPage runs the page until the visitor leaves it. Transports are closed
// before, since the browser would go on filling them. A page that comes back
// from the browser's cache begins anew.
func runPage() {
	visit := scope.New(nil)
	defer visit.End()
	dom.Listen(js.Global(), "pagehide", func(js.Value) { visit.End() })
	dom.Listen(js.Global(), "pageshow", func(event js.Value) {
		if event.Get("persisted").Bool() {
			js.Global().Get("location").Call("reload")
		}
	})
	page.Run(visit)
	select {} // the listeners above are still needed
}
