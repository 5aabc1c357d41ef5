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

	"spillway/server/internal/lane"
)

// Source yields the lane's input for one reader, in order.
type Source interface {
	// Next blocks until there is a message or ctx is done. An error other than
	// ctx's ends the connection.
	Next(ctx context.Context) (lane.Message, error)
}

// Sink is one reader's connection.
type Sink interface {
	// Send blocks while the transport is full, at most until ctx is done. When
	// it returns nil the message is in the hands of the kernel, not of the
	// reader. After an error the connection is of no more use.
	Send(ctx context.Context, m lane.Message) error
	// Requests carries the demand a reader sends; nil on transports that carry
	// none.
	Requests() <-chan int
}

// Strategy moves messages from in to out until one of them fails or ctx is
// done. Run returns only after every goroutine it started has ended. It is
// called for many readers at once; what belongs to one of them lives in its Run.
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
}

// All lists every strategy, in the order in which pages show them.
var All = []Definition{
	pushBuffered,
	pullDrain,
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
