package lanehost

import (
	"encoding/json"
	"runtime/debug"

	"spillway/server/internal/lane"
)

// orders are what the commands so far ask of the reports.
type orders struct {
	keepFree bool
	watch    map[uint64]bool // ids of connections, at most lane.MaxWatched
	code     lookout
}

// take does what a command says. One that cannot be read changes nothing.
func (h *Host) take(line json.RawMessage, o *orders) {
	var c lane.Command
	if err := json.Unmarshal(line, &c); err != nil {
		h.log.Warn("command not understood", "err", err)
		return
	}
	if c.Channels != nil {
		h.SetChannels(c.Channels)
	}
	if c.KeepFree != nil {
		if o.keepFree && !*c.KeepFree {
			debug.FreeOSMemory()
		}
		o.keepFree = *c.KeepFree
	}
	if c.Watch != nil {
		ids := *c.Watch
		if len(ids) > lane.MaxWatched {
			h.log.Warn("too many connections to watch", "asked", len(ids), "watched", lane.MaxWatched)
			ids = ids[:lane.MaxWatched]
		}
		o.watch = make(map[uint64]bool, len(ids))
		for _, id := range ids {
			if id != 0 {
				o.watch[id] = true
			}
		}
	}
	if c.SendBufferBytes != nil {
		h.setSendBuffer(*c.SendBufferBytes)
	}
	o.code.take(c)
}
