//go:build js && wasm

package page

import (
	"strings"
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/wasm/internal/scope"
	"spillway/wasm/internal/stream"
	"spillway/wasm/wire"
)

// keepHub keeps the page connected to the hub until ctx is done or the server
// turns out to be newer than this client.
func (p *page) keepHub(ctx *scope.Scope) {
	var backoff model.Backoff
	for ctx.Err() == nil {
		heard, stale := p.connect(ctx)
		if stale {
			p.loop.post(func() { p.setLink("stale") })
			return
		}
		if heard {
			backoff.Reset()
		}
		_ = clock.Wait(ctx, backoff.NextMillis()) // an ended scope ends the loop
	}
}

// connect opens one connection and blocks until it has ended. It reports whether
// the server said anything, and whether that was in another version.
func (p *page) connect(ctx *scope.Scope) (heard, stale bool) {
	ended := make(chan struct{})
	var socket *stream.Socket
	socket, err := stream.Dial(hubURL(dom.Attr(p.body, "data-hub")), stream.Handlers{
		Open: func() {
			p.loop.post(func() {
				p.socket = socket
				p.setLink("up")
			})
		},
		Frame: func(data []byte) {
			heard = true
			if len(data) > 0 && data[0] != wire.Version && !stale {
				stale = true
				close(ended)
			}
			if f := decode(data); f != nil {
				p.loop.post(func() { p.take(f) })
			} else {
				p.stats.malformed++
			}
		},
		Close: func() {
			if !stale {
				close(ended)
			}
		},
	})
	if err != nil {
		p.loop.post(func() { p.toast("The hub's address is not valid: " + err.Error()) })
		return false, false
	}
	select {
	case <-ctx.Done():
	case <-ended:
	}
	socket.Close()
	p.loop.post(func() {
		p.socket = nil
		p.setLink("down")
	})
	return heard, stale
}

// decode reads a frame for the page; nil for anything that is none.
func decode(data []byte) wire.Frame {
	kind, ok := wire.KindOf(data)
	if !ok {
		return nil
	}
	var f wire.Frame
	switch kind {
	case wire.KindHello:
		f = &wire.Hello{}
	case wire.KindSample:
		f = &wire.Sample{}
	case wire.KindHistory:
		f = &wire.History{}
	case wire.KindFragment:
		f = &wire.Fragment{}
	default:
		return nil
	}
	if wire.Decode(data, f) != nil {
		return nil
	}
	return f
}

func (p *page) setLink(state string) { dom.SetAttr(p.body, "data-link", state) }

// hubURL is the WebSocket address of a path on the page's own server.
func hubURL(path string) string {
	location := js.Global().Get("location")
	scheme := "ws:"
	if location.Get("protocol").String() == "https:" {
		scheme = "wss:"
	}
	return scheme + "//" + location.Get("host").String() + path
}

// laneURL is the address of a path on a lane's own listener. The host is the
// page's own, so that a phone that found the page finds the lane.
func laneURL(info wire.LaneInfo) string {
	location := js.Global().Get("location")
	path := info.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	scheme := location.Get("protocol").String()
	if info.Secure {
		scheme = "https:"
	}
	return scheme + "//" + location.Get("hostname").String() + ":" + decimal(info.Port) + path
}
