package transport

import (
	"context"
	"sync/atomic"
)

// binding is a context whose end cuts the Sends that were given it: half an
// event cannot be taken back. Its owner guards it.
type binding struct {
	done    <-chan struct{} // of the context
	sending atomic.Bool     // one of its Sends is under way
	unbind  func() bool
}

// to returns the binding of ctx, which is b if the last one had the same; nil is
// that of a sink which has sent nothing. Sends come with the same context over
// and over; then this costs a comparison.
func (b *binding) to(ctx context.Context, sink interface{ cut() }) *binding {
	done := ctx.Done()
	if b != nil {
		if b.done == done {
			return b
		}
		b.unbind()
	}
	next := &binding{done: done}
	next.unbind = context.AfterFunc(ctx, func() {
		if next.sending.Load() {
			sink.cut()
		}
	})
	return next
}
