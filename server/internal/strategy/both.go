package strategy

import (
	"context"
	"sync"
)

// both runs two loops at once until both have ended, and returns the first error.
// An error of one ends the context of the other. The second runs on the goroutine
// of the caller: with thousands of readers that have nothing to do, what their
// goroutines take is most of the memory.
func both(ctx context.Context, first, second func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	var failed error
	end := func(err error) {
		if err != nil {
			once.Do(func() { failed = err; cancel() })
		}
	}
	var work sync.WaitGroup
	work.Go(func() { end(first(ctx)) })
	end(second(ctx))
	work.Wait()
	return failed
}
