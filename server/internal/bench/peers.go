package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"spillway/server/internal/lane"
	"spillway/server/internal/source"
	"spillway/server/internal/supervisor"
)

// peer is somebody who can do a work.
type peer struct {
	name, title string
	stream      bool // reads streams; else a subscription
	profiles    bool // serves /debug/pprof
	spec        func(c contest) supervisor.Spec
	addr        func(ready json.RawMessage) (string, error)
}

// contest is what a peer is told about a run.
type contest struct {
	brokerURL, runID string
	own              bool // a channel for each reader
	readers          int
}

// sharedPull is the pull lane with one reader of the stream for all.
const sharedPull = "pull-shared"

// peers are those with a name of their own.
func peers() []peer {
	push, pull := lanePeer("push", "shared-pubsub", "push-buffered", "sse", nil), lanePeer("pull", "redis-stream", "pull-drain", "sse", nil)
	return []peer{
		push, pull,
		lanePeer(sharedPull, "shared-stream", "pull-drain", "sse", nil),
		serverPeer("channel", "baseline: net/http, a Go channel of 256 for each reader, which writes what is there and flushes once"),
		serverPeer("raw", "ceiling: plain TCP, blocks of up to 64 events made once for all readers"),
	}
}

// findPeer finds a peer by its name, or makes one of SOURCE/STRATEGY/TRANSPORT,
// with options of the strategy behind a question mark: a/b/c?wait=0s&bytes=64KiB.
// Behind @ may stand another build of this program whose lane it is.
func findPeer(name string) (peer, error) {
	plain, binary, other := strings.Cut(name, "@")
	found, err := findOwn(plain)
	if err != nil || !other {
		return found, err
	}
	if binary == "" {
		return peer{}, fmt.Errorf("peer %q: want the path of a program behind @", name)
	}
	own := found.spec
	found.name = name
	found.spec = func(c contest) supervisor.Spec {
		s := own(c)
		s.Path = binary
		return s
	}
	return found, nil
}

func findOwn(name string) (peer, error) {
	var names []string
	for _, p := range peers() {
		if p.name == name {
			return p, nil
		}
		names = append(names, p.name)
	}
	way, query, _ := strings.Cut(name, "?")
	if parts := strings.Split(way, "/"); len(parts) == 3 {
		options, err := optionsOf(query)
		if err != nil {
			return peer{}, fmt.Errorf("peer %q: %w", name, err)
		}
		if _, ok := source.Find(parts[0]); !ok {
			return peer{}, fmt.Errorf("there is no source %q", parts[0])
		}
		return lanePeer(name, parts[0], parts[1], parts[2], options), nil
	}
	return peer{}, fmt.Errorf("there is no peer %q; there are %s, and SOURCE/STRATEGY/TRANSPORT", name, strings.Join(names, ", "))
}

// lanePeer is a lane as a run has it. Nothing limits its memory: a work ends
// before it is gone.
func lanePeer(name, from, strategy, transport string, options map[string]string) peer {
	d, _ := source.Find(from)
	return peer{
		name: name, title: "lane: " + from + " → " + strategy + " → " + transport, stream: d.Replayable, profiles: true,
		spec: func(c contest) supervisor.Spec {
			channels := map[string]int{sharedChannel: lane.Single}
			if c.own {
				channels = map[string]int{ownGroup: c.readers}
			}
			return supervisor.Spec{Name: "lane " + name, Args: []string{"lane"}, Config: lane.Config{
				Name: name, RunID: c.runID, Source: from, Strategy: strategy, Transport: transport,
				Listen: "127.0.0.1:0", BrokerURL: c.brokerURL, Channels: channels, Options: options,
			}}
		},
		addr: func(ready json.RawMessage) (string, error) {
			var r lane.Ready
			err := json.Unmarshal(ready, &r)
			return r.Addr, err
		},
	}
}

// optionsOf reads name=value&name=value. The lane says which it does not know.
func optionsOf(query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil || query == "" {
		return nil, err
	}
	options := make(map[string]string)
	for name := range values {
		options[name] = values.Get(name)
	}
	return options, nil
}

func serverPeer(kind, title string) peer {
	return peer{
		name: kind, title: title, profiles: kind == "channel",
		spec: func(c contest) supervisor.Spec {
			return supervisor.Spec{Name: "server " + kind, Args: []string{"bench", "server"},
				Config: ServerConfig{Kind: kind, BrokerURL: c.brokerURL, RunID: c.runID}}
		},
		addr: func(ready json.RawMessage) (string, error) {
			var r ServerReady
			err := json.Unmarshal(ready, &r)
			if err == nil && r.Addr == "" {
				err = errors.New("no address")
			}
			return r.Addr, err
		},
	}
}
