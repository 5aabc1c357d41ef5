package lane

import (
	"sync"
	"weak"
)

// Encoded keeps what a transport made of a message that many readers get, so
// that it is made once for all who get it at about the same time. It keeps it
// until the garbage collector runs: a message may wait for one slow reader long
// after all others have it, and a second copy of it must not wait with it. The
// zero value is ready.
type Encoded struct {
	mu   sync.Mutex
	name string
	v    weak.Pointer[any]
}

// As returns what make returned for this name, or has it made. One name is kept;
// another one, of a reader on another transport, is made anew for each.
func (e *Encoded) As(name string, make func() any) any {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.v.Value()
	switch {
	case kept == nil:
		v := make()
		e.name, e.v = name, weak.Make(&v)
		return v
	case e.name != name:
		return make()
	}
	return *kept
}
