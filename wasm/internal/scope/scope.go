// Package scope is the client's context: something that ends, and ends what is
// within it. A context.Context keeps a time.Time where it could be printed and
// so brings the formatting of dates into the client, 42 KB of its compressed
// size.
package scope

import (
	"errors"
	"sync"
)

// ErrEnded is the error of a scope that has ended.
var ErrEnded = errors.New("scope ended")

// Scope ends when its End is called or its parent ends.
type Scope struct {
	done   chan struct{}
	parent *Scope

	mu       sync.Mutex
	ended    bool
	children map[*Scope]struct{}
}

// New returns a scope within parent, or one that stands alone if that is nil.
// Who makes one ends it.
func New(parent *Scope) *Scope {
	s := &Scope{done: make(chan struct{}), parent: parent, children: map[*Scope]struct{}{}}
	if parent != nil && !parent.adopt(s) {
		s.End()
	}
	return s
}

// adopt reports false if s has ended.
func (s *Scope) adopt(child *Scope) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.children[child] = struct{}{}
	}
	return !s.ended
}

// End ends the scope and those within it. Further calls do nothing.
func (s *Scope) End() {
	s.mu.Lock()
	children := s.children
	s.children = nil
	if !s.ended {
		s.ended = true
		close(s.done)
	}
	s.mu.Unlock()
	for child := range children {
		child.End()
	}
	if p := s.parent; p != nil {
		p.mu.Lock()
		delete(p.children, s)
		p.mu.Unlock()
	}
}

// Done is closed when the scope has ended.
func (s *Scope) Done() <-chan struct{} { return s.done }

// Err is [ErrEnded] once the scope has ended.
func (s *Scope) Err() error {
	select {
	case <-s.done:
		return ErrEnded
	default:
		return nil
	}
}
