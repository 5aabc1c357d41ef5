// Package strategy decides what waits, where, how much of it, and what is lost.
//
//	source → strategy → transport
//
// A lane has one strategy, with the options of its scenario, and runs it once for
// each reader's connection. It knows neither Redis nor
// HTTP: it takes messages from a Source, which blocks until there is one, and
// gives them to a Sink, which blocks until there is room. The blocking call is
// the backpressure; there is no second mechanism to signal it.
//
// A new strategy is one file with its Definition and one line in [All]. Pages,
// documentation, conformance tests and the scenario checker range over that
// list.
package strategy

import (
	"context"
	"time"

	"spillway/server/internal/lane"
)

// Source yields the lane's input for one reader, in order.
type Source interface {
	// Next blocks until there is a message or ctx is done. io.EOF says that the
	// source has ended: what was accepted is still delivered. Any other error
	// ends the connection at once.
	Next(ctx context.Context) (lane.Message, error)
}

// Ready is a Source that fetches several messages at once, and hands on what it
// has fetched without another wait. They go into one write: a system call costs
// nearly the same for one message as for fifty.
type Ready interface {
	Source
	// NextReady never blocks. ok is false when nothing is fetched.
	NextReady() (m lane.Message, ok bool)
}

// Sink is one reader's connection.
type Sink interface {
	// Send blocks while the transport is full, at most until ctx is done. When
	// it returns nil the message is in the hands of the kernel, not of the
	// reader. After an error the connection is of no more use.
	Send(ctx context.Context, m lane.Message) error
	// SendAll is Send for several messages in one write. It blocks by the same
	// rule; when it returns nil all of them are in the hands of the kernel. It
	// keeps none of ms.
	SendAll(ctx context.Context, ms []lane.Message) error
	// Requests carries the demand a reader sends; nil on transports that carry
	// none. Whoever sends into it may have to wait for the strategy. Closed, the
	// reader asks for nothing more.
	Requests() <-chan int
}

// Passer is a Source that can spare a strategy being woken only to hand on what
// has come.
type Passer interface {
	Source
	// Pass has the source offer what comes to send, on its own goroutine, while
	// Next waits and nothing that came before waits anywhere in the lane. What send
	// does not take comes out of Next as ever. Called before the first Next.
	Pass(send func(r *lane.Round, now time.Time) (sent int))
}

// Taker is a Sink that can write what there is room for.
type Taker interface {
	Sink
	// TrySend never blocks. It returns how many of the round's messages are in the
	// hands of the kernel, and has counted them; the others have to be sent, in
	// order, and nothing else before them.
	TrySend(r *lane.Round, now time.Time) (sent int)
}

// passBy has what comes go from in to out by itself for as long as the strategy
// has nothing else to do than that: it waits in Next, nothing that came before is
// left, and the reader has room. When one of these ends, Next returns what comes,
// and the blocking Send is the backpressure. Where the reader's demand decides,
// everything goes through the strategy.
func passBy(in Source, out Sink) {
	from, passes := in.(Passer)
	to, takes := out.(Taker)
	if passes && takes && out.Requests() == nil {
		from.Pass(to.TrySend)
	}
}

// Strategy moves messages from in to out until one of them fails, ctx is done, or
// its own rule ends the stream with a [CloseError]. After the end of the source
// it returns io.EOF once all is delivered. Run returns only after every goroutine
// it started has ended. It is called for many readers at once; what belongs to
// one of them lives in its Run.
//
// The source counts in st what came in, the sink what it has written. A
// strategy calls st.Drop for each message that it gives up by its own rule and
// st.Oldest when another message has become the one that waits longest. What it
// still holds when it ends is settled by the lane.
type Strategy interface {
	Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error
}

// Definition describes a strategy to people and to programs.
type Definition struct {
	Name    string // as in scenario files
	Title   string // a few words for a card
	Explain string // one paragraph: who waits, where the bytes are, what is lost
	Slow    string // what it does when readers are slow, a short sentence for the card
	Source  string // the source it is usually shown with
	Options []Option
	New     func(o Options) (Strategy, error) // its error says which options do not go together

	Overflow Overflow // what happens when a reader stays slower than the source
	// Bound is the most messages that one reader's Run holds at any instant, those
	// that are being written included; nil without a bound.
	Bound func(o Options) int
	// Delay is the longest that a message may wait by the strategy's own rule,
	// though the reader has room; nil: not at all.
	Delay func(o Options) time.Duration
	// Unordered tells whether messages may overtake each other; nil: never.
	Unordered func(o Options) bool
}

// Overflow is where the difference goes when a reader stays slower than the
// source.
type Overflow uint8

// The kinds of overflow.
const (
	Grows Overflow = iota // into the memory of this server
	Waits                 // it stays in the source
	Loses                 // messages are given up and counted
	Ends                  // the stream ends with a CloseError
)

// All lists every strategy, in the order in which pages show them.
var All = []Definition{
	pushBuffered,
	pullDrain,
	block,
	requestN,
	dropNewest,
	dropOldestFirst,
	drop,
	latest,
	bufferError,
	overflowError,
	disconnect,
	batch,
	parallel,
}

// Find returns the definition with this name.
func Find(name string) (Definition, bool) {
	for _, d := range All {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}
