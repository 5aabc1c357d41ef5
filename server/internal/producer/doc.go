// Package producer is the beginning of the way of the data: the one workload
// that all lanes of a run deliver.
//
//	producer → broker → source → strategy → transport → kernel → browser → reader
//
// Every message goes to the broker twice, with the same bytes: XADD puts it in
// the stream of its channel, with the sequence number as id (17 is 17-0), and
// PUBLISH sends it to the Pub/Sub channel of the same name. Whatever a lane
// reads from, it gets the same input as the lane beside it.
//
// # Who waits
//
// Nobody waits for a reader here; that is the point of a lane. The producer
// waits for the broker alone. A stream that is full (XADD answers OOM) or a
// broker that is away stops it: it keeps the messages it has made, at most one
// for each channel and about [maxRoundBytes] together, and offers the same ones
// again until they are taken. That is backpressure arriving at its source, and
// it is reported as a stall.
//
// # Once each, and in order
//
// The answer to an XADD decides. Only a message that is in its stream is
// published, so a refused one is not published either, and no lane sees twice
// what another sees once. Publishing needs a second trip to the broker for each
// round; sending the pair in one would publish what the stream then refuses.
//
// A round carries at most one message of each channel. With two, the first
// could be refused and the second, a moment later, find room; the stream would
// then have a hole that no retry can fill, because ids only grow.
//
// An XADD whose answer was lost with the connection is offered again. If the
// broker calls its id "equal or smaller", it had arrived. A PUBLISH whose answer
// was lost is not repeated, because Pub/Sub promises at most once; it is counted
// as unpublished. So the sequence of a channel has no hole in its stream by the
// producer's doing, ever.
//
// A broker that was restarted has lost its streams. The producer goes on with
// the next sequence number and counts what is gone.
//
// # Positions
//
// Every message says in its head where its event text begins in its channel (see
// wire.Header), and once a second the producer reports where each stream begins
// and ends. Its end is that of the last message that is known to be stored; what
// was offered and not answered does not count yet. Where it begins is known from
// what was trimmed, asked of a broker that trims by itself, and after a loss the
// end. It is never told too high, except where a broker comes back with old
// messages of a stream and without the newest.
//
// # Pacing
//
// Production is open-loop: when a message is due depends on the clock and not on
// the message before. See schedule. What became due while the producer could
// not run is made up for, up to [CatchUp]; beyond that the schedule is moved and
// the time is reported as forgone. Neither makes a hole: a sequence number is
// given out when the message is made.
package producer
