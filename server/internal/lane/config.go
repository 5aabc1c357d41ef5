package lane

import "time"

// Defaults of a lane, used where a Config says nothing.
const (
	// DefaultLimitBytes is the RSS at which the supervisor kills the lane.
	DefaultLimitBytes = 256 << 20
	// DefaultSendBufferBytes keeps the kernel from hiding a slow reader: with
	// the usual 4 MB a lane feels nothing for a long while, with 64 KiB the
	// throughput is the same.
	DefaultSendBufferBytes = 64 << 10
	// DefaultHeartbeat keeps idle connections alive through proxies that close
	// after 30 or 60 silent seconds.
	DefaultHeartbeat = 15 * time.Second
)

// Config is what a lane process is told before it starts. It is its first line
// on stdin.
type Config struct {
	Name      string // of the lane, unique in the run
	RunID     string // prefix of every key and channel in the broker
	Source    string // of source.All, for example "redis-stream"
	Strategy  string // of strategy.All
	Transport string // of transport.All

	Listen          string // address; port 0 lets the kernel choose
	BrokerURL       string // redis://…
	PagePort        int    // port of the page; its origin may read the stream from a browser
	SendBufferBytes int    // of each connection; 0 means DefaultSendBufferBytes, -1 leaves it to the OS
	Heartbeat       time.Duration
	LimitBytes      int64 // told for the log line only: the supervisor enforces it

	TLS *Certificate `json:",omitempty"` // listen with TLS, for HTTP/2 and HTTP/1.1; nil: plain HTTP/1.1

	Channels map[string]int // name → how many: "slow": 200 allows slow-0 … slow-199

	Options  map[string]string // of the strategy; nil: its defaults
	KeepFree bool              // leave it to the Go runtime when memory goes back to the OS; see Command
}

// WithDefaults returns c with every unset field at its default.
func (c Config) WithDefaults() Config {
	if c.SendBufferBytes == 0 {
		c.SendBufferBytes = DefaultSendBufferBytes
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	if c.LimitBytes == 0 {
		c.LimitBytes = DefaultLimitBytes
	}
	return c
}

// Certificate is what a lane with TLS shows, and its key, both PEM.
type Certificate struct{ Chain, Key string }

// Ready is the lane's answer once it listens.
type Ready struct {
	Addr string // host:port
}

// Command changes a running lane. Unset fields change nothing.
type Command struct {
	Channels map[string]int `json:",omitempty"`

	// KeepFree false, which is the default, returns free memory to the OS once a
	// second while a backlog shrinks, so that RSS shows what the lane needs. With
	// true the runtime decides: it returns only what its next collections find
	// beyond their goal, and without traffic that takes minutes. Going from true
	// to false returns at once what is free, whatever the backlog.
	KeepFree *bool `json:",omitempty"`

	// Code true adds where the goroutines wait to the reports, once a second.
	Code *bool `json:",omitempty"`
	// CodeAnyway true does so however many goroutines there are.
	CodeAnyway *bool `json:",omitempty"`

	// Watch are the connections whose rows come with every report, by their ids, at
	// most MaxWatched; empty: none any more. Nil changes nothing.
	Watch *[]uint64 `json:",omitempty"`

	// SendBufferBytes is that of every connection there is and that comes, as in
	// Config; the kernel keeps what is in it already. Nil changes nothing.
	SendBufferBytes *int `json:",omitempty"`
}

// MaxWatched bounds Command.Watch.
const MaxWatched = 64

// Single as a count says that the name itself is the one channel: "you", not
// "you-0".
const Single = -1
