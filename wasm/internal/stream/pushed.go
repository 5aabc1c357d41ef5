//go:build js && wasm

package stream

import (
	"io"
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/scope"
	"spillway/wasm/reader"
)

// oneNews is the capacity of pushed.news: that there is something to look at, not
// what or how often.
const oneNews = 1

// pushed is a connection whose bytes the browser hands out whether anybody reads
// or not. They wait in a pile, which lies outside the memory of WASM, since that
// never shrinks; worker.js has its few lines.
type pushed struct {
	source   js.Value // EventSource or WebSocket
	pile     js.Value
	view     js.Value // Uint8Array between the pile and Go
	news     chan struct{}
	releases []func()

	opened, ended bool // set by callbacks
}

// push takes hold of a source before anything can have come. ends names the event
// after which nothing comes any more. scope ends when the pile is full.
func push(ctx *scope.Scope, source js.Value, ends string, bufferBytes int) *pushed {
	p := &pushed{
		source: source, news: make(chan struct{}, oneNews),
		view: js.Global().Get("Uint8Array").New(bufferBytes),
	}
	wake := js.FuncOf(func(js.Value, []js.Value) any {
		p.tell()
		return nil
	})
	overflow := js.FuncOf(func(js.Value, []js.Value) any {
		source.Call("close")
		ctx.End()
		return nil
	})
	p.pile = js.Global().Get("spillwayPile").New(source, reader.MaxHeldBytes, wake, overflow)
	on := func(event string, set *bool) {
		p.releases = append(p.releases, dom.Listen(source, event, func(js.Value) {
			*set = true
			p.tell()
		}))
	}
	on("open", &p.opened)
	on(ends, &p.ended)
	p.releases = append(p.releases, wake.Release, overflow.Release)
	return p
}

// tell wakes the reader, or finds that it is to be woken already.
func (p *pushed) tell() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// open blocks until the connection is open.
func (p *pushed) open(ctx *scope.Scope) error {
	for !p.opened && !p.ended {
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	if !p.opened {
		return errFailed
	}
	return nil
}

func (p *pushed) wait(ctx *scope.Scope) error {
	select {
	case <-p.news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Read takes the oldest bytes. What had arrived when the connection ended is still
// read.
func (p *pushed) Read(ctx *scope.Scope, b []byte) (int, error) {
	for ctx.Err() == nil {
		if n := p.pile.Call("take", p.view, len(b)).Int(); n > 0 {
			return js.CopyBytesToGo(b[:n], p.view), nil
		}
		if p.ended {
			return 0, io.EOF
		}
		if err := p.wait(ctx); err != nil {
			return 0, err
		}
	}
	return 0, ctx.Err()
}

func (p *pushed) Held() uint64 { return uint64(p.pile.Get("held").Int()) }

func (p *pushed) Close() {
	p.source.Call("close")
	p.pile.Call("close")
	for _, release := range p.releases {
		release()
	}
}
