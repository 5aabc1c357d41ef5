package strategy

import (
	"context"
	"errors"
	"io"

	"spillway/server/internal/lane"
)

// mayTake blocks, with replenish, until another message may be taken from the
// source.
func (w *waiting) mayTake(ctx context.Context) error {
	if w.rule.replenish == 0 {
		return nil
	}
	for {
		w.mu.Lock()
		if w.taken > 0 {
			w.taken--
			w.mu.Unlock()
			return nil
		}
		w.held = true
		w.mu.Unlock()
		if err := wait(ctx, w.room); err != nil {
			return err
		}
	}
}

// receive blocks in the source, and for room where the policy says so.
func (w *waiting) receive(ctx context.Context, in Source) error {
	for {
		if err := w.mayTake(ctx); err != nil {
			return err
		}
		m, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.end(err)
			return nil
		}
		if err != nil {
			return err
		}
		more, err := w.settle(ctx, m)
		if err != nil {
			return err
		}
		if !more {
			leave(in)
			return nil
		}
	}
}

// leave gives up a source that can be given up, while what waits is still being
// delivered: one that hands to several readers must not wait for this one. It is
// what cancelling the subscription is in Reactive Streams.
func leave(in Source) {
	if s, ok := in.(interface{ Close() }); ok {
		s.Close()
	}
}

// settle blocks until the fate of m is decided. It tells whether more may be
// taken.
func (w *waiting) settle(ctx context.Context, m lane.Message) (more bool, err error) {
	for listened := false; ; {
		f, err := w.offer(m, listened)
		if err != nil {
			return false, err
		}
		switch f {
		case settled:
			return true, nil
		case last:
			return false, nil
		case hold:
			err = wait(ctx, w.room)
		case listen:
			if err = tell(ctx, w.hear); err == nil {
				err = wait(ctx, w.heard)
			}
			listened = true
		}
		if err != nil {
			return false, err
		}
	}
}

// send blocks in the sink, and for something to send. It returns when it has
// sent all after the end.
func (w *waiting) send(ctx context.Context, out Sink) error {
	if w.rule.deadline > 0 {
		limited := limitWrites(ctx, out, w.rule.deadline)
		defer limited.stop()
		out = limited
	}
	for {
		m, ok, err := w.take()
		switch {
		case err != nil:
			return err
		case ok:
			err = out.Send(ctx, m)
		default:
			err = wait(ctx, w.ready)
		}
		if err != nil {
			return err
		}
	}
}

// listen adds up what the reader asks for, and says when it has added up what
// was sent.
func (w *waiting) listen(ctx context.Context, requests <-chan int) error {
	for {
		select {
		case n, ok := <-requests:
			if !ok {
				requests = nil // it asks for nothing more
				continue
			}
			if err := w.request(n); err != nil {
				return err
			}
		case <-w.hear:
			for again := true; again; {
				select {
				case n, ok := <-requests:
					if !ok {
						requests = nil
						continue
					}
					if err := w.request(n); err != nil {
						return err
					}
				default:
					again = false
				}
			}
			if err := tell(ctx, w.heard); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// request counts a demand.
func (w *waiting) request(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := add(&w.asked, n); err != nil {
		return err
	}
	signal(w.ready)
	return nil
}

func tell(ctx context.Context, c chan<- struct{}) error {
	select {
	case c <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes whoever waits at c, or will; c has a capacity of 1.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told already
	}
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
