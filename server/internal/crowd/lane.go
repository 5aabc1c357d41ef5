package crowd

import (
	"context"
	"net/url"
	"sync"
)

// lane says where to read and whether. Readers wait in it while it is down.
type lane struct {
	name string

	mu      sync.Mutex
	stay    *stay         // nil while down
	changed chan struct{} // closed and replaced when stay changes
}

// stay is one time that a lane is up. Its context ends when the lane goes down
// or moves.
type stay struct {
	url  *url.URL
	ctx  context.Context
	done context.CancelFunc
}

func newLane(name string) *lane { return &lane{name: name, changed: make(chan struct{})} }

// set takes the lane up at u, or down if u is nil. Readers of an earlier stay
// are cut off.
func (l *lane) set(u *url.URL) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stay != nil {
		if u != nil && *u == *l.stay.url {
			return
		}
		l.stay.done()
		l.stay = nil
	}
	if u != nil {
		ctx, done := context.WithCancel(context.Background())
		l.stay = &stay{u, ctx, done}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// up blocks until the lane is up, or ctx is done.
func (l *lane) up(ctx context.Context) (*stay, error) {
	for {
		l.mu.Lock()
		stay, changed := l.stay, l.changed
		l.mu.Unlock()
		if stay != nil {
			return stay, ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
