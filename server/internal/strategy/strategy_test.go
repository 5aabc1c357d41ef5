package strategy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

func TestAll(t *testing.T) {
	names := make(map[string]bool)
	for _, d := range strategy.All {
		require.False(t, names[d.Name], "%s is there twice", d.Name)
		names[d.Name] = true
		t.Run(d.Name, func(t *testing.T) { strategytest.Run(t, d) })
	}
}

func TestFindUnknown(t *testing.T) {
	_, ok := strategy.Find("push")
	require.False(t, ok)
}

func start(t *testing.T, name string) *strategytest.Line {
	d, ok := strategy.Find(name)
	require.True(t, ok)
	return strategytest.Start(t, d)
}

func TestPushBufferedTakesEverythingWhileTheReaderStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, "push-buffered")
		for range 10 {
			before := l.Counts().BacklogCount
			l.Give(500)
			synctest.Wait()
			c := l.Counts()
			require.Equal(t, before+500, c.BacklogCount)
			require.Equal(t, l.Given(), c.Accepted)
			require.Zero(t, c.Dropped)
		}
		l.Serve(5000)
		synctest.Wait()
		require.Equal(t, uint64(5000), l.Counts().Delivered)
		require.ErrorIs(t, l.Stop(), context.Canceled)
	})
}

func TestPushBufferedEndsWithItsSourceWhileTheReaderStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, "push-buffered")
		l.Give(100)
		synctest.Wait()
		failed := errors.New("not a message")
		l.Source.Fail(failed)
		require.ErrorIs(t, l.Wait(), failed)
		require.Equal(t, uint64(100), l.Counts().BacklogCount, "the lane settles what is left")
	})
}

func TestPullDrainHoldsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, "pull-drain")
		l.Give(500)
		for served := range uint64(100) {
			synctest.Wait()
			c := l.Counts()
			require.Equal(t, served, c.Delivered)
			require.Equal(t, uint64(1), c.BacklogCount, "Next was called while Send blocked")
			l.Serve(1)
		}
		require.ErrorIs(t, l.Stop(), context.Canceled)
	})
}

// All keep the age of what has waited longest, by the time of its production.
func TestOldest(t *testing.T) {
	for _, d := range strategy.All {
		if d.Name == "drop" || d.Name == "error" {
			continue // the second message never waits
		}
		t.Run(d.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := strategytest.Start(t, d)
				age := func() time.Duration {
					if d.Delay != nil {
						o, err := d.Parse(nil)
						require.NoError(t, err)
						<-time.After(d.Delay(o))
					}
					synctest.Wait()
					return l.Counts().Oldest.Truncate(time.Second)
				}
				l.Give(1)
				<-time.After(time.Second)
				l.Give(1)
				require.Equal(t, time.Second, age())
				<-time.After(time.Second)
				require.Equal(t, 2*time.Second, age())
				l.Serve(1)
				require.Equal(t, time.Second, age())
				l.Serve(1)
				require.Zero(t, age())
				<-time.After(time.Minute)
				l.Give(1)
				require.Zero(t, age(), "the age of a message long delivered")
				require.ErrorIs(t, l.Stop(), context.Canceled)
			})
		})
	}
}
