// Package strategytest holds what every strategy owes its lane, as one suite of
// tests that ranges over strategy.All.
//
//	source (the test) → strategy → sink (the test)
package strategytest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
)

// Run tests one strategy.
func Run(t *testing.T, d strategy.Definition) {
	t.Run("is described", func(t *testing.T) { described(t, d) })
	for name, test := range map[string]func(*testing.T, strategy.Definition){
		"a reader with room gets everything in order":  fast,
		"after the end of the source the rest arrives": complete,
		"a stop releases everything":                   stop,
		"a stop waits for what is at work":             linger,
		"a failing sink ends it":                       failingSink,
		"a failing source ends it":                     failingSource,
		"a stalled reader holds up nobody else":        stalled,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, d) })
		})
	}
}

func described(t *testing.T, d strategy.Definition) {
	found, ok := strategy.Find(d.Name)
	require.True(t, ok, "strategy.All does not list it")
	require.Equal(t, d.Title, found.Title)
	for _, text := range []string{d.Name, d.Title, d.Explain, d.Slow, d.Source} {
		require.NotEmpty(t, text)
	}
	names := make(map[string]bool)
	for _, o := range d.Options {
		require.NotEmpty(t, o.Name)
		require.NotEmpty(t, o.Help, o.Name)
		require.Less(t, o.Min, o.Max, o.Name)
		require.False(t, names[o.Name], "%s is there twice", o.Name)
		names[o.Name] = true
		_, err := d.Make(map[string]string{o.Name: o.Default})
		require.NoError(t, err)
	}
	_, err := d.Make(map[string]string{"no such option": "1"})
	require.Error(t, err)
}

// calm is how long a strategy may still be at work by its own rule.
func calm(d strategy.Definition) time.Duration {
	if d.Delay == nil {
		return 0
	}
	o, err := d.Parse(nil)
	if err != nil {
		panic(err) // described has made one with its defaults
	}
	return d.Delay(o)
}

// settle waits until nothing moves any more by itself.
func settle(d strategy.Definition) {
	if wait := calm(d); wait > 0 {
		<-time.After(wait)
	}
	synctest.Wait()
}

// fast gives one message at a time: a burst is more than a strategy without a
// queue takes, however fast the reader is.
func fast(t *testing.T, d strategy.Definition) {
	l := Start(t, d)
	l.Serve(500)
	for range 500 {
		l.Give(1)
		settle(d)
		c := l.Counts()
		require.Zero(t, c.BacklogCount)
		require.Zero(t, c.Oldest)
	}
	require.Len(t, l.Sink.Received(), 500)
	inOrder(t, l)
	require.ErrorIs(t, l.Stop(), context.Canceled)
}

// inOrder: what arrives, arrives in order and once. Whatever is dropped is
// counted, which Counts has checked.
func inOrder(t *testing.T, l *Line) {
	last := uint64(0)
	for _, seq := range l.Sink.Received() {
		require.Greater(t, seq, last)
		last = seq
	}
	require.False(t, l.Sink.Overlapped(), "two Sends at once")
}

func stop(t *testing.T, d strategy.Definition) {
	for name, prepare := range map[string]func(*Line){
		"idle":    func(*Line) {},
		"stalled": func(l *Line) { l.Give(few(d)) },
		"drained": func(l *Line) { l.Give(1); l.Serve(1); settle(d) },
	} {
		for _, demand := range []bool{false, true} {
			l := StartWith(t, d, nil, demand, false)
			if demand && name == "drained" {
				l.Request(1)
				synctest.Wait()
			}
			prepare(l)
			synctest.Wait()
			require.False(t, l.Ended(), name)
			begin := time.Now()
			require.ErrorIs(t, l.Stop(), context.Canceled, name)
			require.Zero(t, time.Since(begin), name)
		}
	}
}

// few is how many messages a stalled reader may leave behind without an end of
// the stream.
func few(d strategy.Definition) int {
	if d.Overflow == strategy.Ends {
		return 0
	}
	return 100
}

// complete: with a reader that has room only later.
func complete(t *testing.T, d strategy.Definition) {
	for _, demand := range []bool{false, true} {
		l := StartWith(t, d, nil, demand, false)
		given := 1
		if few(d) > 0 {
			given = 50
		}
		if demand {
			l.Request(given + 1) // one that reads only on demand sees the end only with some left
			synctest.Wait()
		}
		l.Give(given)
		l.Source.Fail(io.EOF)
		settle(d)
		require.False(t, l.Ended())
		l.Serve(given)
		require.ErrorIs(t, l.Wait(), io.EOF)
		c := l.Counts()
		require.Equal(t, uint64(given), c.Delivered+c.Dropped)
		require.Zero(t, c.BacklogCount)
		if demand {
			require.Zero(t, c.Dropped, "it was asked for")
		}
	}
}

// linger: source and sink need a while to notice that they are stopped. Run has
// to wait for them, because they are closed as soon as it returns.
func linger(t *testing.T, d strategy.Definition) {
	l := Start(t, d)
	l.Source.Linger(time.Second)
	l.Sink.Linger(2 * time.Second)
	l.Give(min(few(d)+1, 10))
	synctest.Wait()
	require.ErrorIs(t, l.Stop(), context.Canceled)
}

func failingSink(t *testing.T, d strategy.Definition) {
	failed := errors.New("the reader has left")
	l := Start(t, d)
	l.Source.Linger(time.Second)
	l.Serve(3)
	for range 4 {
		l.Give(1)
		settle(d)
	}
	l.Sink.Fail(failed)
	require.ErrorIs(t, l.Wait(), failed)
	require.Equal(t, uint64(3), l.Counts().Delivered)
}

// failingSource: also while the sink is stalled, once the strategy has taken
// everything it wants.
func failingSource(t *testing.T, d strategy.Definition) {
	failed := errors.New("not a message")
	l := Start(t, d)
	l.Sink.Linger(time.Second)
	synctest.Wait()
	l.Source.Fail(failed)
	require.ErrorIs(t, l.Wait(), failed)
}

func stalled(t *testing.T, d strategy.Definition) {
	slow, other := Start(t, d), Start(t, d)
	slow.Give(few(d) + 1)
	settle(d)
	other.Serve(500)
	for range 500 {
		other.Give(1)
		settle(d)
	}
	require.Equal(t, uint64(500), other.Counts().Delivered)
	require.Zero(t, slow.Counts().Delivered)
	stalls := slow.Counts().Write
	<-time.After(time.Second)
	require.Equal(t, stalls+time.Second, slow.Counts().Write, "how long the reader has stalled")
	require.ErrorIs(t, slow.Stop(), context.Canceled)
	require.ErrorIs(t, other.Stop(), context.Canceled)
}
