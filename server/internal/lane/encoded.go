package lane

import "sync"

// Encoded keeps what a transport made of a message that many readers get, so
// that it is made once. It lives as long as the message. The zero value is
// ready.
type Encoded struct {
	mu   sync.Mutex
	name string
	v    any
}

// As returns what make returned for this name the first time. One name is kept;
// another one, of a reader on another transport, is made anew for each.
func (e *Encoded) As(name string, make func() any) any {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.v == nil {
		e.name, e.v = name, make()
	}
	if e.name != name {
		return make()
	}
	return e.v
}
