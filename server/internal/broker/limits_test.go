package broker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOutputLimitExceeded(t *testing.T) {
	limit := DefaultPubSubLimit()
	start := time.Unix(1_000_000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

	over, _ := limit.exceeded(32<<20, time.Time{}, start)
	require.True(t, over, "the hard limit counts at once")

	over, since := limit.exceeded(8<<20-1, time.Time{}, start)
	require.False(t, over)
	require.True(t, since.IsZero())

	over, since = limit.exceeded(8<<20, since, start)
	require.False(t, over)
	require.Equal(t, start, since)
	over, since = limit.exceeded(31<<20, since, at(60))
	require.False(t, over, "60 s are allowed")
	over, since = limit.exceeded(8<<20, since, at(61))
	require.True(t, over)
	require.Equal(t, start, since)

	over, since = limit.exceeded(1<<20, since, at(62))
	require.False(t, over)
	require.True(t, since.IsZero(), "the time starts again")

	over, since = OutputLimit{}.exceeded(1<<40, time.Time{}, start)
	require.False(t, over, "no bounds")
	require.True(t, since.IsZero())
}
