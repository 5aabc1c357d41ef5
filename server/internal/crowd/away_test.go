package crowd

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

func TestAwayHangsUpAndComesBackWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(
			Group{Name: "phones", Count: 4, BytesPerSecond: throttle.Unlimited},
			Group{Name: "other", Count: 1, BytesPerSecond: throttle.Unlimited},
		), lane.dial)
		time.Sleep(5 * time.Second)
		away := func(group string, is bool) {
			link.send(Command{Throttles: []Throttle{{Lane: "pull", Group: group, Away: &is}}})
			synctest.Wait()
		}
		away("phones", true)
		time.Sleep(20 * time.Millisecond) // the lane notices when it writes
		synctest.Wait()
		lane.do(func() { require.Len(t, lane.conns, 1, "the others are still there") })
		time.Sleep(readEvery * reportEvery)
		synctest.Wait()
		gone := link.lastFull("pull", "phones")
		require.EqualValues(t, 4, gone.Readers)
		require.Zero(t, gone.Connected+gone.Disconnects+gone.Refused)
		require.Empty(t, gone.Trouble)
		require.Len(t, gone.Read, 4)

		var accepted, requests int
		lane.do(func() {
			accepted, requests = lane.accepted, len(lane.lastIDs)
			for name := range gone.Read { // what the lane gives up meanwhile
				lane.seq[name] += 100
			}
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		later := link.lastFull("pull", "phones")
		lane.do(func() { require.Equal(t, accepted, lane.accepted) })
		require.Equal(t, gone.Messages, later.Messages)
		require.Equal(t, gone.Read, later.Read, "what they have not read is theirs for as long as they are away")
		require.EqualValues(t, 1, link.cell("pull", "other").Connected)

		away("phones", false)
		time.Sleep(spread + time.Second)
		synctest.Wait()
		back := link.cell("pull", "phones")
		require.EqualValues(t, 4, back.Connected)
		require.Greater(t, back.Messages, gone.Messages)
		require.Zero(t, back.Disconnects+back.Refused)
		require.InDelta(t, 400, back.Gaps, 8) // 100 each, and the one that was being written
		lane.do(func() {
			require.Len(t, lane.lastIDs, requests+4)
			for _, id := range lane.lastIDs[requests:] {
				require.NotEmpty(t, id)
			}
		})
	})
}

func TestAwayFromTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 2, Away: true, BytesPerSecond: throttle.Unlimited}), lane.dial)
		settle := func() CellReport {
			time.Sleep(spread + 2*time.Second)
			synctest.Wait()
			return link.lastFull("pull", "g")
		}
		c := settle()
		require.EqualValues(t, 2, c.Readers)
		require.Empty(t, c.Read, "they have no place in the stream yet")
		require.NotNil(t, c.Read)

		// Neither more readers nor a lane that comes back bring them in.
		link.send(Command{Counts: map[string]int{"g": 3}, Lanes: map[string]string{"pull": ""}})
		link.send(Command{Lanes: map[string]string{"pull": laneURL}})
		require.Zero(t, settle().Connected)
		lane.do(func() { require.Zero(t, lane.accepted) })

		// A lane that is down keeps them out when they want to come.
		link.send(Command{Throttles: []Throttle{{Away: ptr(false)}}, Lanes: map[string]string{"pull": ""}})
		require.Zero(t, settle().Connected)
		link.send(Command{Lanes: map[string]string{"pull": laneURL}})
		c = settle()
		require.EqualValues(t, 3, c.Connected)
		require.Len(t, c.Read, 3)
		lane.do(func() { require.Equal(t, []string{"", "", ""}, lane.lastIDs) })
	})
}

// Readers that could not connect and are sent away are no longer in trouble,
// not even for the moment in which they come back.
func TestAwayEndsTheTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		lane.refuse = true
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 2, BytesPerSecond: throttle.Unlimited}), lane.dial)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.NotEmpty(t, link.cell("pull", "g").Trouble)
		link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
		synctest.Wait()
		lane.do(func() { lane.refuse = false })
		refused := uint64(0)
		for range 20 {
			time.Sleep(reportEvery)
			synctest.Wait()
			c := link.cell("pull", "g")
			require.Empty(t, c.Trouble)
			if refused == 0 {
				refused = c.Refused
				link.send(Command{Throttles: []Throttle{{Away: ptr(false)}}})
			}
			require.Equal(t, refused, c.Refused)
		}
		require.EqualValues(t, 2, link.cell("pull", "g").Connected)
	})
}
