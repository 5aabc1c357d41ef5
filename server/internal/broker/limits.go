package broker

import "time"

// Bounds on what one client may send. Redis's own are 512 MiB a bulk, 1 Mi
// arguments, 64 KiB a line and 1 GiB of unprocessed input; messages here are
// a few KiB, so the ones in bytes are tighter.
const (
	maxBulkBytes   = 64 << 20
	maxArgs        = 1 << 20
	maxLineBytes   = 64 << 10
	maxInputBytes  = 2 * maxBulkBytes // one command, or commands waiting behind a blocking one
	maxConnections = 10_000           // Redis's default maxclients

	// Before a client has given the password (Redis 7: the same).
	maxArgsUnauthenticated = 10
	maxBulkUnauthenticated = 16 << 10
)

// OutputLimit bounds the output queue of a client, with the rules of Redis's
// client-output-buffer-limit: a client is disconnected when HardBytes wait, or
// when more than SoftBytes have waited for SoftFor. A bound of 0 is no bound.
type OutputLimit struct {
	HardBytes int64
	SoftBytes int64
	SoftFor   time.Duration // whole seconds
}

// DefaultPubSubLimit is Redis 7's "pubsub 32mb 8mb 60".
func DefaultPubSubLimit() OutputLimit {
	return OutputLimit{HardBytes: 32 << 20, SoftBytes: 8 << 20, SoftFor: time.Minute}
}

// defaultReplicaLimit is Redis 7's "slave 256mb 64mb 60". There are no
// replicas; CONFIG GET shows it because clients expect three classes.
func defaultReplicaLimit() OutputLimit {
	return OutputLimit{HardBytes: 256 << 20, SoftBytes: 64 << 20, SoftFor: time.Minute}
}

// class is the kind of client that an OutputLimit holds for.
type class int

const (
	classNormal class = iota
	classReplica
	classPubSub
	classes int = iota
)

func (c class) String() string {
	return [classes]string{"normal", "slave", "pubsub"}[c]
}

func classNamed(name string) (class, bool) {
	switch name {
	case "normal":
		return classNormal, true
	case "slave", "replica":
		return classReplica, true
	case "pubsub":
		return classPubSub, true
	}
	return 0, false
}

// reached reports whether waiting bytes are at one of the bounds.
func (l OutputLimit) reached(waiting int64) bool {
	return l.HardBytes > 0 && waiting >= l.HardBytes || l.SoftBytes > 0 && waiting >= l.SoftBytes
}

// exceeded reports whether a client with waiting bytes, which went over the soft
// bound at softSince (zero: it is not over), must go, and the new softSince.
func (l OutputLimit) exceeded(waiting int64, softSince, now time.Time) (bool, time.Time) {
	if l.HardBytes > 0 && waiting >= l.HardBytes {
		return true, softSince
	}
	if l.SoftBytes <= 0 || waiting < l.SoftBytes {
		return false, time.Time{}
	}
	if softSince.IsZero() {
		return false, now
	}
	return now.Sub(softSince) > l.SoftFor, softSince
}
