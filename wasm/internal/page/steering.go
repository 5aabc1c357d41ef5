//go:build js && wasm

package page

import (
	"sync"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/wasm/internal/scope"
	"spillway/wasm/internal/stream"
)

// patchEveryMillis bounds how often changes of settings are sent. The last value of
// every setting always is.
const patchEveryMillis = 100

// steering sends what a person changes. Changes wait in one patch, where a newer
// value replaces an older one, while the request before is under way.
type steering struct {
	page *page
	wake chan struct{}

	mu      sync.Mutex
	patch   model.Patch
	sending bool
}

func newSteering(p *page) *steering {
	return &steering{page: p, wake: make(chan struct{}, wakeups)}
}

// change notes a change. It does not block.
func (s *steering) change(f func(*model.Patch)) {
	s.mu.Lock()
	f(&s.patch)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// busy reports whether there is a change that the server has not answered.
func (s *steering) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sending || !s.patch.Empty()
}

// run sends changes until ctx is done, one request at a time.
func (s *steering) run(ctx *scope.Scope) {
	p := s.page
	url := dom.Attr(p.body, "data-api")
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		if body := s.take(); body != "" {
			err := stream.Send(ctx, "PATCH", url, body)
			s.sent()
			if err != nil && ctx.Err() == nil {
				p.loop.post(func() { p.toast(err.Error()) })
			}
			// When the hand has been quiet for a while the server's word counts.
			clock.After(quietMillis, func() { p.loop.post(p.sync) })
		}
		if clock.Wait(ctx, patchEveryMillis) != nil {
			return
		}
	}
}

// take returns the body of the next request, empty if there is nothing to send.
func (s *steering) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.patch.Empty() {
		return ""
	}
	s.sending = true
	return s.patch.Take()
}

func (s *steering) sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = false
}
