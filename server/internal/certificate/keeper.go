package certificate

import (
	"sync"
	"time"

	"spillway/server/internal/lane"
)

// renewal is how long before its end a certificate is not given to another run.
const renewal = 24 * time.Hour

// Keeper holds one certificate for all runs of a server, so that a person who
// has accepted it need not again. The zero value is ready.
type Keeper struct {
	mu    sync.Mutex
	until time.Time
	made  lane.Certificate
}

// For returns the certificate for a server that listens on host, which is the
// same at each call. It makes one the first time, and when the old one ends
// within a day.
func (k *Keeper) For(host string, now time.Time) (lane.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Add(renewal).Before(k.until) {
		return k.made, nil
	}
	made, err := Make(Hosts(host), now)
	if err != nil {
		return lane.Certificate{}, err
	}
	k.made, k.until = made, now.Add(Valid)
	return made, nil
}
