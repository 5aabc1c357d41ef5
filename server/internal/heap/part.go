package heap

import "strings"

// Part says what allocated in terms of the lane, not of Go.
type Part uint8

// The parts of a lane. Their words are those of [Part.String].
const (
	Elsewhere  Part = iota // the Go runtime, its HTTP server, libraries
	Messages               // taken from the broker
	Connection             // to the broker, one for each reader
	Strategy               // the strategy's own lists, batches and copies
	Writing                // events on their way into a connection
	Readers                // what the lane knows of each of them
	Program                // its reports and commands
)

// String completes "was allocated …".
func (p Part) String() string {
	switch p {
	case Messages:
		return "where messages are taken from the broker"
	case Connection:
		return "for the readers’ connections to the broker"
	case Strategy:
		return "by the strategy itself"
	case Writing:
		return "where events are written to readers"
	case Readers:
		return "for the connections of readers"
	case Program:
		return "for the lane's reports"
	}
	return "by the Go runtime and libraries"
}

// ours is what the full name of each function of this program begins with.
const ours = "spillway/"

// ownFrame is the nearest of ours; the zero value if none is.
func ownFrame(stack []frame) frame {
	for _, f := range stack {
		if strings.HasPrefix(f.name, ours) {
			return f
		}
	}
	return frame{}
}

// packages of this program and the part that their frames stand for.
var packages = []struct {
	prefix string
	part   Part
}{
	{ours + "server/internal/source.", Messages},
	{ours + "server/internal/strategy.", Strategy},
	{ours + "server/internal/transport.", Writing},
	{ours + "server/internal/lanehost.", Readers},
	{ours, Program},
}

// connecting are functions below which a source opens its connection and takes
// no message. go-redis opens some of them late, within the first read.
var connecting = []string{
	ours + "server/internal/source.connect",
	ours + "server/internal/source.open",
	"github.com/redis/go-redis/v9/internal/pool.NewConn",
	"github.com/redis/go-redis/v9/internal/pool.(*ConnPool).",
	"github.com/redis/go-redis/v9.(*baseClient).initConn",
	"github.com/redis/go-redis/v9.(*PubSub).Subscribe",
}

// reporting are those of the lane's host that have nothing to do with a reader.
var reporting = []string{ours + "server/internal/lanehost.(*Host).Talk", ours + "server/internal/lanehost.New"}

func partOf(stack []frame, from frame) Part {
	for _, p := range packages {
		if !strings.HasPrefix(from.name, p.prefix) {
			continue
		}
		switch {
		case p.part == Messages && passes(stack, connecting):
			return Connection
		case p.part == Readers && passes(stack, reporting), p.part == Program:
			return Program
		}
		return p.part
	}
	return Elsewhere
}

// passes tells whether a stack goes through one of these functions.
func passes(stack []frame, prefixes []string) bool {
	for _, f := range stack {
		for _, p := range prefixes {
			if strings.HasPrefix(f.name, p) {
				return true
			}
		}
	}
	return false
}
