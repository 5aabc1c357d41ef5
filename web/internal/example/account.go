package example

import (
	"spillway/wasm/wire"
	"spillway/web/component"
)

// accountOf is where the bytes of a lane are at a moment of the story.
func accountOf(stage, name string, now, end float64, dead bool) component.Account {
	out := component.Account{
		Band: component.Band{Lane: name, Dead: dead, FullBytes: component.FullBytes(leastShown(now))},
		Bounds: map[string][]component.Bound{
			"broker": {{Name: "maxmemory of the broker", Value: "1.0 GiB"}},
			"sendqueue": {{Name: "send buffer of each connection (send_buffer)", Value: "16.0 KiB asked for",
				Choices: []component.Choice{{Label: "16.0 KiB", Value: "16384", Chosen: true}, {Label: "OS", Value: "-1"}},
				Lane:    name, Setting: "sendBufferBytes"}},
			"backlog": {{Name: "RSS at which the lane is killed (limit)", Value: "256 MiB"}},
			"held":    {{Name: "what a tab may hold before it hangs up", Value: "64.0 MiB"}},
		},
		Over: "/lanes/" + name + "/account", Readers: "/lanes/" + name + "/readers",
	}
	if now == 0 {
		return out
	}
	slow := max(0, now-slowed)
	a := wire.Account{
		Produced: uint64(now * 10.75 * mib), SendQueue: uint64(min(slow, 1) * 25 * mib), InFlight: uint64(min(slow, 1)*30*mib) + 96<<10,
	}
	if stage == "calm" || stage == "released" {
		a.SendQueue, a.InFlight = 0, 96<<10
	}
	waits := uint64(slow*10.2*mib) - min(uint64(slow*10.2*mib), a.SendQueue+a.InFlight)
	switch {
	case stage == "calm" || stage == "released" && name != "push":
	case dead:
		a.SendQueue, a.InFlight = 0, 0
		a.LostLeft = uint64((end - slowed) * 10.2 * mib)
		a.LostBroker = uint64((now - end) * 10.75 * mib)
	case name == "push" || name == "bounded":
		a.Backlog = waits
		if name == "bounded" {
			a.Backlog, a.LostStrategy = min(waits, 20*mib), waits-min(waits, 20*mib)
		}
	default:
		a.Backlog, a.Broker = min(waits, 3*mib), waits-min(waits, 3*mib)
	}
	if stage == "four" {
		a.Unseen, a.InFlight, a.SendQueue = 210, a.InFlight+a.SendQueue, 0
	}
	a.Consumed = a.Produced - component.BytesShown(a)
	out.Band.Account = a
	return out
}

// leastShown is the longest band of the story so far.
func leastShown(now float64) uint64 {
	return uint64(max(0, min(now, 60)-slowed) * 10.75 * mib)
}
