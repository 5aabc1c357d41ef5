// Package broker is the first stop on the way of the data, between producer
// and source: a small Redis that runs as its own process, so that the memory
// which waits in it is a line of its own.
//
// It speaks RESP2 and RESP3 and knows the commands that the producer, the
// lanes and a curious person with redis-cli need: Pub/Sub, streams, INFO,
// CLIENT, CONFIG. Replies, error texts and limits are those of Redis 7; one
// suite of tests runs against this broker and a real redis-server alike.
//
// # Where bytes wait
//
//   - In streams, until XTRIM, MAXLEN, XDEL or DEL removes them. Bounded by
//     maxmemory with the noeviction policy: above it XADD is refused with -OOM,
//     while everything that frees or reads goes on.
//   - In the output queue of a client that reads more slowly than it is written
//     to. Bounded for subscribers by client-output-buffer-limit pubsub
//     (Redis 7: 32 MiB at once or 8 MiB for 60 s), beyond which the client is
//     disconnected and counted; not bounded for other clients, as in Redis,
//     because a client asks for what it gets.
//   - In the input buffer of a client that is in the middle of a command, or
//     that sent more commands behind a blocking XREAD. Bounded per command and
//     per client, see the decoder.
//
// # Who blocks
//
// Only the client that asked to, with XREAD BLOCK. Every connection has a
// reading goroutine, which runs commands, and a writing goroutine, which empties
// its output queue. All commands run one after the other under one lock, like
// in Redis's single thread; they append to queues in memory and never write to a
// socket, so a stalled client delays nobody. The lock is held for one batch of
// pipelined commands, whose replies leave in one write.
//
// # Memory
//
// A published message is encoded once and shared by the queues of all
// subscribers. A stream entry is encoded once, as the reply that XREAD will
// send, so that reading is copying. Entries live in nodes of at most 100 entries
// or 4 KiB, Redis's defaults; trimming frees whole nodes at once, and "~" trims
// nothing but whole nodes.
//
// used_memory is the broker's own account and costs nothing to read: entries,
// keys, subscriptions, input and output buffers and a fixed share for the
// process and each connection. A message that waits for several subscribers
// counts for each of them, as it does in Redis, where each has a copy.
//
// # Protocol
//
// Replies are built with the Append functions of tidwall/redcon. Requests are
// decoded here: redcon's reader copies every command, rescans incomplete ones
// and has no limits to set, while this decoder resumes where it stopped, hands
// out slices of its buffer and refuses with Redis's words what is too large.
// redcon's server is not used, because it writes from the goroutine that runs
// the command.
package broker

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// redisVersion is the version of Redis whose behaviour this broker has.
const redisVersion = "7.2.0"

// Options configures a Server. The zero value is an open broker without a
// memory limit.
type Options struct {
	// Password that clients must give with AUTH or HELLO. Empty: none.
	Password string
	// MaxMemoryBytes is used_memory above which XADD is refused. 0: no limit.
	MaxMemoryBytes int64
	// PubSubLimit bounds the output queue of a subscriber.
	// Zero value: DefaultPubSubLimit.
	PubSubLimit OutputLimit
	// Log receives disconnections and protocol errors. Nil: discarded.
	Log *slog.Logger
}

// Server is a broker. Its data lives as long as it does; nothing is persisted.
type Server struct {
	log      *slog.Logger
	password string
	runID    string
	started  time.Time
	commands map[string]command
	used     usage

	// mu is the broker's single thread: it is held while commands run and
	// guards everything below, and in conn whatever is not said to be otherwise.
	mu          sync.Mutex
	maxMemory   int64
	limits      [classes]OutputLimit
	conns       map[int64]*conn
	lastConnID  int64
	streams     map[string]*stream
	channels    map[string]*channel
	waiting     map[string][]*conn // clients blocked in XREAD, by key, in order of arrival
	blocked     int
	dirty       []*conn // clients with new output, woken at the end of the batch
	counters    counters
	peakOutputs [peakSeconds]int64
}

// counters are totals since the start, under Server.mu.
type counters struct {
	connections, rejected         int64
	commands, errors              int64
	outputLimitDisconnections     int64
	queryLimitDisconnections      int64
	messagesPublished, deliveries int64
}

// New returns a broker that serves nobody until Serve is called.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PubSubLimit == (OutputLimit{}) {
		o.PubSubLimit = DefaultPubSubLimit()
	}
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails, by its documentation
	s := &Server{
		log:       o.Log,
		password:  o.Password,
		runID:     hex.EncodeToString(id),
		started:   time.Now(),
		commands:  commandTable(),
		maxMemory: o.MaxMemoryBytes,
		conns:     make(map[int64]*conn),
		streams:   make(map[string]*stream),
		channels:  make(map[string]*channel),
		waiting:   make(map[string][]*conn),
	}
	s.limits[classPubSub] = o.PubSubLimit
	s.limits[classReplica] = defaultReplicaLimit()
	return s
}

// Stats is the state of a broker at one moment.
type Stats struct {
	UsedMemoryBytes int64 // the sum that maxmemory is compared with
	DataBytes       int64 // streams, keys, channels
	OutputBytes     int64 // waiting for clients to read them
	InputBytes      int64 // buffers that commands are read into
	Clients         int
	BlockedClients  int
	Streams         int
	Channels        int
	Commands        int64 // since the start
	Published       int64 // messages since the start
	Delivered       int64 // messages queued for subscribers since the start
	// OutputLimitDisconnections counts clients that were cut off because they
	// read too slowly. What waited for them is lost.
	OutputLimitDisconnections int64
}

// Stats waits for the batch of commands that is being run, not for any client.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		UsedMemoryBytes: s.used.total(),
		DataBytes:       s.used.data.Load(),
		OutputBytes:     s.used.output.Load(),
		InputBytes:      s.used.input.Load(),
		Clients:         len(s.conns),
		BlockedClients:  s.blocked,
		Streams:         len(s.streams),
		Channels:        len(s.channels),
		Commands:        s.counters.commands,
		Published:       s.counters.messagesPublished,
		Delivered:       s.counters.deliveries,

		OutputLimitDisconnections: s.counters.outputLimitDisconnections,
	}
}

// Fixed shares of used_memory. With 400 connections that wait, a broker's RSS
// was larger by 15 KiB for each: 4 KiB of input buffer and the rest.
const (
	baseBytes         = 1 << 20  // the process, about what an empty Redis says of itself
	connBytes         = 12 << 10 // two goroutines' stacks and a connection's state
	keyBytes          = 160      // map cell, string header and stream of one key
	subscriptionBytes = 96       // a client's entry in a channel and back
)

// usage is used_memory, kept as it changes. Output and input change outside the
// server's lock.
type usage struct {
	data, output, input, conns atomic.Int64
	peak                       atomic.Int64 // of the total, as far as seen
	sent                       atomic.Int64 // bytes written to clients since the start
}

func (u *usage) total() int64 {
	return baseBytes + u.data.Load() + u.output.Load() + u.input.Load() + u.conns.Load()
}

// notePeak is called once a second and before the peak is read.
func (u *usage) notePeak() {
	u.peak.Store(max(u.peak.Load(), u.total()))
}
