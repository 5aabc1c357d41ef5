package component

import "spillway/wasm/wire"

// Part is one place where bytes are, with everything that is said about it.
type Part struct {
	Key    string // "sendqueue"; the style sheet and account.js know it
	Letter string // names it where there is no room for more, and without colours
	Label  string // beside its figure
	Name   string // where there is room; empty: the label
	Shown  bool   // in the band; the others are figures only
	What   string // two sentences
	Read   string // where the figure is read
	Bounds string // what bounds it, where no knob does
	Bytes  func(wire.Account) uint64

	Elsewhere []Default // what others do at the same place
}

// Default is a setting of somebody else's software as it is delivered.
type Default struct {
	Where, Setting, Value string
	Source                string // where it says so
}

// Defaults that are shown with more than one part.
var (
	kernelSend = Default{"Linux", "net.ipv4.tcp_wmem: least, first, most", "4096 16384 4194304", "Linux, Documentation/networking/ip-sysctl.rst (the most depends on the RAM)"}
	specWindow = Default{"HTTP/2", "initial window of a stream", "65,535 B", "RFC 9113, 6.9.2"}
)

// Parts lists the places on the way of the data, then the sums that complete them.
var Parts = []Part{
	{
		Key: "broker", Letter: "A", Label: "broker", Shown: true,
		What:  "Published to the broker, and not yet taken by the lane. Here a slow reader costs the broker’s memory, which survives the lane, as long as nothing is trimmed.",
		Read:  "The producer counts where each channel ends, as it publishes (XADD, PUBLISH); the lane counts what it has taken. The difference is here.",
		Bytes: func(a wire.Account) uint64 { return a.Broker },
		Elsewhere: []Default{
			{"Redis", "maxmemory", "0: no limit", "CONFIG GET of Redis 7.0"},
			{"Redis", "client-output-buffer-limit pubsub", "32mb 8mb 60", "redis.conf of Redis 7.0"},
			{"NATS", "max_pending of a connection", "64 MiB", "docs.nats.io, slow consumers"},
		},
	},
	{
		Key: "backlog", Letter: "B", Label: "lane", Name: "lane backlog", Shown: true,
		What:   "Accepted by the lane and not yet written to the reader: the queue of the strategy, in the memory of the lane’s process. It is what makes RSS climb, and what dies with the process.",
		Read:   "Counted by the lane for each connection: accepted − delivered − dropped.",
		Bounds: "nothing: the strategy has no limit",
		Bytes:  func(a wire.Account) uint64 { return a.Backlog },
		Elsewhere: []Default{
			{"Node", "writableHighWaterMark of a stream", "64 KiB; 16 KiB before v22; a hint that nothing enforces", "nodejs.org, Stream"},
			{"nginx", "proxy_buffers of a request", "8 × 4k or 8k, then a file", "nginx.org, ngx_http_proxy_module"},
		},
	},
	{
		Key: "sendqueue", Letter: "C", Label: "send queue", Shown: true,
		What:      "Written by the lane and not acknowledged by the reader’s system: it waits in the kernel of this machine. It is in no figure of the process, RSS included.",
		Read:      "Asked of the kernel once a second for each connection: SIOCOUTQ and TCP_INFO.",
		Bytes:     func(a wire.Account) uint64 { return a.SendQueue },
		Elsewhere: []Default{kernelSend, specWindow},
	},
	{
		Key: "inflight", Letter: "D", Label: "in flight", Shown: true,
		What:   "Acknowledged by the reader’s system and not yet seen by the reader: its receive queue and the browser’s own buffers. Nobody can look into these, so it is what lies between two counters.",
		Read:   "What the lane has written less what the reader has reported, less what was found in the send queue and at the reader.",
		Bounds: "the reader’s system and its browser",
		Bytes:  func(a wire.Account) uint64 { return a.InFlight },
		Elsewhere: []Default{
			{"Linux", "net.ipv4.tcp_rmem: least, first, most", "4096 131072 6291456", "Linux, Documentation/networking/ip-sysctl.rst (the most depends on the RAM; newer kernels allow more)"},
			specWindow,
			{"Chromium", "window of an HTTP/2 stream", "6 MiB", "Chromium, net/http/http_network_session.cc"},
			{"Go", "window of a stream, net/http as a client", "4 MiB", "golang.org/x/net/http2, transport.go"},
			{"gRPC for Go", "initial window of a stream", "65,535 B", "grpc-go, internal/transport/defaults.go"},
		},
	},
	{
		Key: "held", Letter: "E", Label: "reader", Name: "held by readers", Shown: true,
		What:  "Arrived at the reader and not read by it. A reader that pushes back holds next to nothing; one that cannot piles it up in its own memory.",
		Read:  "Reported by each reader itself.",
		Bytes: func(a wire.Account) uint64 { return a.Held },
		Elsewhere: []Default{
			{"Node", "highWaterMark of a readable stream", "64 KiB; 16 KiB before v22", "nodejs.org, Stream"},
		},
	},
	{
		Key: "lost", Letter: "F", Label: "lost", Shown: true,
		What:   "Produced for a reader that will never get it. Lost bytes stay in the band: they do not wait, but they are missing.",
		Read:   "From the holes between positions: each message says where its bytes begin in its channel, so a hole has a size even for those who never saw what was in it.",
		Bounds: "the rule of the strategy, and what the source keeps",
		Bytes:  BytesLost,
	},
	{
		Key: "consumed", Letter: "G", Label: "consumed",
		What:   "Read by the readers, every byte once. It is a figure and not in the band: most of what is produced ends here, and the band is about the rest.",
		Read:   "Reported by each reader itself, from the positions of the messages that it has read. Of a reader that reports nothing, what its system has acknowledged counts as consumed.",
		Bounds: "how fast the readers read",
		Bytes:  func(a wire.Account) uint64 { return a.Consumed },
	},
	{
		Key: "gap", Letter: "H", Label: "gap",
		What:   "Produced, less everything that was found somewhere. It should be 0; readings are of one second, but of several clocks, so a fast run may show some messages more or less for a moment.",
		Read:   "Nothing of the sum is found by subtracting all others from the whole. So it can fail, and what is missing or too much stands here.",
		Bounds: "nothing: a gap that stays is a mistake of this program",
		Bytes:  func(wire.Account) uint64 { return 0 }, // it has a sign; see Amount
	},
}

// loss is one way in which bytes are lost. The words follow the number of bytes.
type loss struct {
	key            string
	ended          string // where the lane has ended; empty: as else
	words, reading string
	bytes          func(wire.Account) uint64
}

func (l loss) short(dead bool) string {
	if dead && l.ended != "" {
		return l.ended
	}
	return l.words
}

var losses = []loss{
	{"lostleft", "with its process", "with connections that ended",
		"In the lane or on a connection when that ended, and nowhere else", func(a wire.Account) uint64 { return a.LostLeft }},
	{"loststrategy", "", "given up by the strategy",
		"Given up by the lane’s strategy", func(a wire.Account) uint64 { return a.LostStrategy }},
	{"losttrimmed", "", "trimmed from the stream",
		"Trimmed from the stream before the lane had read it", func(a wire.Account) uint64 { return a.LostTrimmed }},
	{"lostbroker", "", "not kept by Pub/Sub",
		"Not kept by Pub/Sub: nobody was subscribed, or the subscription was cut off", func(a wire.Account) uint64 { return a.LostBroker }},
}
