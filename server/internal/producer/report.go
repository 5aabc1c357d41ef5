package producer

// Ready is the producer's answer once it works. It does not wait for the broker:
// a broker that is away is reported, not a reason to stay silent.
type Ready struct {
	Workload string
}

// Report is what the producer knows, sent 10 times a second. Counters run since
// the process started.
type Report struct {
	Produced      uint64                 // messages in their stream
	ProducedBytes uint64                 // of these, heads included
	Groups        map[string]GroupReport // by name

	BehindMicros     uint64 // how late the oldest message of the last tick was made; 0 while on time
	ForgoneMicros    uint64 // by how much the schedule was moved, because more than CatchUp was due
	StallMicros      uint64 // how long the current wait for the broker has lasted; 0 while it takes what it gets
	StallTotalMicros uint64 // all these waits together, the current one included

	Refused     uint64 // XADDs that the broker answered with an error, each attempt counted
	Unpublished uint64 // messages in their stream whose PUBLISH was not answered
	Trimmed     uint64 // sequence numbers given up to floors, all channels; after a restart also what was lost then

	Restarts uint64 // times the broker came back without what it had held
	Lost     uint64 // messages it had held and not been told to trim

	// Positions are where the stream of each channel begins and ends, once a second
	// and at a whole one, PositionsAt; otherwise nil.
	Positions   map[string]Position `json:",omitzero"`
	PositionsAt int64               `json:",omitzero"` // Unix seconds

	Broker string // empty while the broker takes what it gets, else why not, in words
}

// GroupReport is the part of one group. It counts channels that were taken away
// too.
type GroupReport struct {
	Channels uint64 // that produce now
	Messages uint64 // sum of the highest sequence numbers, so what was ever produced
	Highest  uint64 // the highest sequence number of any channel
}

// Position is what the broker has of a channel, in bytes of event text; see
// wire.Header.
type Position struct {
	Begin uint64 // where the oldest message begins that is still there; equal to End where none is
	End   uint64 // behind the newest
}
