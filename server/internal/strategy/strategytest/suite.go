// Package strategytest holds what every strategy owes its lane, as one suite of
// tests that ranges over strategy.All.
//
//	source (the test) → strategy → sink (the test)
package strategytest

import (
	"context"
	"errors"
	"math/rand/v2"
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
		"a reader with room gets everything in order": fast,
		"the account is right at every instant":       account,
		"a stop releases everything":                  stop,
		"a stop waits for what is at work":            linger,
		"a failing sink ends it":                      failingSink,
		"a failing source ends it":                    failingSource,
		"a stalled reader holds up nobody else":       stalled,
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

func fast(t *testing.T, d strategy.Definition) {
	l := Start(t, d)
	l.Serve(1000)
	for range 100 {
		l.Give(10)
		synctest.Wait()
		c := l.Counts()
		require.Zero(t, c.BacklogCount)
		require.Zero(t, c.Oldest)
	}
	require.Len(t, l.Sink.Received(), 1000)
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

// account plays random readers and producers.
func account(t *testing.T, d strategy.Definition) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		l := Start(t, d)
		for range 50 {
			l.Give(random.IntN(40))
			if random.IntN(3) > 0 {
				l.Serve(random.IntN(30))
			}
			<-time.After(time.Duration(random.IntN(100)) * time.Millisecond)
			synctest.Wait()
			c := l.Counts()
			require.LessOrEqual(t, c.Accepted, l.Given())
			require.Equal(t, c.BacklogCount*10, c.BacklogBytes)
			if c.BacklogCount > 0 {
				require.Empty(t, l.Sink.served, "a message waits while there is room")
			}
		}
		inOrder(t, l)
		l.Serve(plenty - len(l.Sink.served))
		synctest.Wait()
		c := l.Counts()
		require.Equal(t, l.Given(), c.Delivered+c.Dropped)
		inOrder(t, l)
		require.ErrorIs(t, l.Stop(), context.Canceled)
	}
}

func stop(t *testing.T, d strategy.Definition) {
	for name, prepare := range map[string]func(*Line){
		"idle":    func(*Line) {},
		"stalled": func(l *Line) { l.Give(100) },
		"drained": func(l *Line) { l.Give(100); l.Serve(100) },
	} {
		l := Start(t, d)
		prepare(l)
		synctest.Wait()
		require.False(t, l.Ended(), name)
		begin := time.Now()
		require.ErrorIs(t, l.Stop(), context.Canceled, name)
		require.Zero(t, time.Since(begin), name)
	}
}

// linger: source and sink need a while to notice that they are stopped. Run has
// to wait for them, because they are closed as soon as it returns.
func linger(t *testing.T, d strategy.Definition) {
	l := Start(t, d)
	l.Source.Linger, l.Sink.Linger = time.Second, 2*time.Second
	l.Give(10)
	synctest.Wait()
	require.ErrorIs(t, l.Stop(), context.Canceled)
}

func failingSink(t *testing.T, d strategy.Definition) {
	failed := errors.New("the reader has left")
	l := Start(t, d)
	l.Source.Linger = time.Second
	l.Give(10)
	l.Serve(3)
	synctest.Wait()
	l.Sink.Fail(failed)
	require.ErrorIs(t, l.Wait(), failed)
	require.Equal(t, uint64(3), l.Counts().Delivered)
}

// failingSource: also while the sink is stalled, once the strategy has taken
// everything it wants.
func failingSource(t *testing.T, d strategy.Definition) {
	failed := errors.New("not a message")
	l := Start(t, d)
	l.Sink.Linger = time.Second
	synctest.Wait()
	l.Source.Fail(failed)
	require.ErrorIs(t, l.Wait(), failed)
}

func stalled(t *testing.T, d strategy.Definition) {
	slow, other := Start(t, d), Start(t, d)
	slow.Give(500)
	synctest.Wait()
	other.Give(500)
	other.Serve(500)
	synctest.Wait()
	require.Equal(t, uint64(500), other.Counts().Delivered)
	require.Zero(t, slow.Counts().Delivered)
	<-time.After(time.Minute)
	require.Equal(t, time.Minute, slow.Counts().Write, "how long the reader has stalled")
	require.ErrorIs(t, slow.Stop(), context.Canceled)
	require.ErrorIs(t, other.Stop(), context.Canceled)
}
