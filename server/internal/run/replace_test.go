package run

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		c.Start()
		id := c.View().RunID
		other := lesson()
		other.Name = "other"
		c.Replace("another run", other)
		require.Equal(t, id, c.View().RunID, "it is for one run only")
		broken := lesson()
		broken.Lanes[0].Strategy = "none"
		c.Replace(id, broken)
		require.Equal(t, id, c.View().RunID, "what cannot be played takes nobody's place")

		c.Replace(id, other)
		require.Equal(t, "other", c.View().Scenario.Name)
		require.Equal(t, wire.StateRest, c.View().State)
		time.Sleep(10 * restAfter)
		require.Empty(t, c.View().RunID, "nobody looks")
		leave := c.Join()
		next := c.View()
		require.Equal(t, wire.StateStarting, next.State)
		require.Equal(t, "other", next.Scenario.Name)

		c.Replace(next.RunID, lesson())
		require.Equal(t, "lesson", c.View().Scenario.Name)
		require.Equal(t, wire.StateStarting, c.View().State, "somebody looks")
		require.NotEqual(t, next.RunID, c.View().RunID)
		leave()
		time.Sleep(restAfter + time.Second)
		require.Equal(t, wire.StateRest, c.View().State)
	})
}
