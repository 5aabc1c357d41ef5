package crowd

import (
	"context"
	"net/url"
	"sync"
)

// gate says where the readers of a cell read, and whether. They wait in it while
// their lane is down, and while they are away.
type gate struct {
	mu      sync.Mutex
	url     *url.URL // nil while the lane is down
	away    bool
	stay    *stay         // nil while nobody may read
	changed chan struct{} // closed and replaced when stay changes
}

// stay is one time that the gate is open. Its context ends when the lane goes
// down or moves, and when the readers leave.
type stay struct {
	url  *url.URL
	ctx  context.Context
	done context.CancelFunc
}

func newGate() *gate { return &gate{changed: make(chan struct{})} }

// setURL takes the lane up at u, or down if u is nil.
func (g *gate) setURL(u *url.URL) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.url == u || g.url != nil && u != nil && *g.url == *u {
		return
	}
	g.url = u
	g.change()
}

// setAway sends the readers away, or lets them come back.
func (g *gate) setAway(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away != away {
		g.away = away
		g.change()
	}
}

// change ends the stay that there is, which cuts its readers off, and begins
// another if they may read. g.mu is held.
func (g *gate) change() {
	if g.stay != nil {
		g.stay.done()
		g.stay = nil
	}
	if g.url != nil && !g.away {
		ctx, done := context.WithCancel(context.Background())
		g.stay = &stay{g.url, ctx, done}
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// wait blocks until the gate is open, or ctx is done.
func (g *gate) wait(ctx context.Context) (*stay, error) {
	for {
		g.mu.Lock()
		stay, changed := g.stay, g.changed
		g.mu.Unlock()
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
