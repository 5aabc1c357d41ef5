package crowd

import (
	"errors"
	"fmt"
	"net/url"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// MaxCount bounds the readers of one group on one lane: a thousand connections
// are what a laptop takes without noticing, this many what a limit of 65,536
// file descriptors allows.
const MaxCount = 5_000

// Defaults of a group, where it says nothing.
const (
	DefaultBufferBytes  = 4096
	DefaultSegmentBytes = 1400
)

// Config is what the crowd is told before it starts.
type Config struct {
	RunID  string // for the log
	Lanes  []Lane
	Groups []Group
}

// Lane is a lane to read from.
type Lane struct {
	Name string
	URL  string // http://host:port/path, or https://, of the stream, its query kept; empty while the lane is down

	Trust     string // PEM: the certificate of an https:// lane, trusted beside no other; empty: what the system trusts
	Transport string // that it speaks where it is not asked for another; empty: server-sent events
}

// Group is a number of readers with the same behaviour, on every lane. Reader i
// is Name-i, and so is its channel, unless Channel says otherwise.
type Group struct {
	Name           string
	Channel        string        // the one channel of all readers of the group, which others may read too; empty: each its own
	Count          int           // readers on each lane, 0 to MaxCount
	BytesPerSecond throttle.Rate // of each reader; 0 is stopped, -1 without limit
	Paused         bool          // does not read at all, whatever the rate
	Away           bool          // has hung up; comes back with Last-Event-ID, so where it was if the lane heeds that
	Read           reader.Way    // how each reader reads; empty: as fits the lane's transport
	Connection     Connection    // who shares one, over HTTP/2; empty: OwnConnection
	BufferBytes    int           // SO_RCVBUF of each connection; 0 means DefaultBufferBytes, -1 leaves it to the OS
	SegmentBytes   int           // TCP_MAXSEG of each connection; 0 means DefaultSegmentBytes, -1 leaves it to the OS
}

// Command changes the running crowd. What is absent changes nothing; a command
// with one invalid part changes nothing at all.
type Command struct {
	Throttles []Throttle        `json:",omitempty"` // in this order
	Counts    map[string]int    `json:",omitempty"` // by group: readers on each lane; a reader that returns later is a new one
	Lanes     map[string]string `json:",omitempty"` // by lane: its URL now that it is up, or "" for down
}

// Throttle changes how fast readers read, at once, and whether they are there.
// Readers that are sent away close their connections: what lies in them unread
// is lost unless the lane gives it again.
type Throttle struct {
	Lane           string         `json:",omitempty"` // empty: on every lane
	Group          string         `json:",omitempty"` // empty: in every group
	BytesPerSecond *throttle.Rate `json:",omitempty"` // of each reader; nil: unchanged
	Paused         *bool          `json:",omitempty"` // nil: unchanged
	Away           *bool          `json:",omitempty"` // nil: unchanged
}

func (g Group) withDefaults() Group {
	if g.BufferBytes == 0 {
		g.BufferBytes = DefaultBufferBytes
	}
	if g.SegmentBytes == 0 {
		g.SegmentBytes = DefaultSegmentBytes
	}
	return g
}

func validateCount(group string, n int) error {
	if n < 0 || n > MaxCount {
		return fmt.Errorf("group %q: count %d is not between 0 and %d", group, n, MaxCount)
	}
	return nil
}

// parseURL reads the URL of a lane; nil and no error for "", which means down.
func parseURL(lane, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("lane %q: %w", lane, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("lane %q: %q is not an http:// or https:// URL", lane, raw)
	}
	return u, nil
}

func (c Config) validate() error {
	lanes, groups := make(map[string]bool), make(map[string]bool)
	for _, l := range c.Lanes {
		if l.Name == "" || lanes[l.Name] {
			return fmt.Errorf("lane name %q is empty or there twice", l.Name)
		}
		lanes[l.Name] = true
		if _, err := parseURL(l.Name, l.URL); err != nil {
			return err
		}
		if _, err := secureOf(l.Trust); err != nil {
			return fmt.Errorf("lane %q: %w", l.Name, err)
		}
	}
	for _, g := range c.Groups {
		if g.Name == "" || groups[g.Name] {
			return fmt.Errorf("group name %q is empty or there twice", g.Name)
		}
		groups[g.Name] = true
		if err := validateCount(g.Name, g.Count); err != nil {
			return err
		}
		if g.Read != "" && !g.Read.Known() {
			return fmt.Errorf("group %q: there is no way to read %q", g.Name, g.Read)
		}
		if g.Connection != "" && g.Connection != OwnConnection && g.Connection != SharedConnection {
			return fmt.Errorf("group %q: a connection cannot be %q", g.Name, g.Connection)
		}
		if g.BufferBytes < -1 || g.SegmentBytes < -1 {
			return fmt.Errorf("group %q: buffer %d or segment %d is below -1", g.Name, g.BufferBytes, g.SegmentBytes)
		}
	}
	if len(lanes) == 0 {
		return errors.New("no lanes")
	}
	return nil
}
