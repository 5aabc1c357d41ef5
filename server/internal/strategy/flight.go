package strategy

import (
	"slices"
	"sync"

	"spillway/server/internal/lane"
)

// flight knows what is being worked on, to tell which message has waited
// longest. It is as short as there are workers.
type flight struct {
	st *lane.Stats

	mu   sync.Mutex
	list []lane.Message // in the order of the source
}

func (f *flight) add(m lane.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.list = append(f.list, m); len(f.list) == 1 {
		f.st.Oldest(m)
	}
}

func (f *flight) done(m lane.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.list, func(other lane.Message) bool { return other.Seq == m.Seq })
	f.list = slices.Delete(f.list, at, at+1)
	if at == 0 && len(f.list) > 0 {
		f.st.Oldest(f.list[0])
	}
}
