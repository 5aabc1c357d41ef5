package crowd

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

func atoi(t *testing.T, s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	require.NoError(t, err)
	return n
}

// About 64 KiB are asked for, whatever the size of the messages; of the largest
// one at a time, and never more of unknown size.
func TestDemandIsAWindowOfBytes(t *testing.T) {
	for size, most := range map[int]uint64{200: 328, 1000: 66, 20_000: 3, 250_000: 1} {
		synctest.Test(t, func(t *testing.T) {
			lane := newFakeLane(t, time.Millisecond, size)
			link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, Paused: true, BytesPerSecond: throttle.Unlimited, Read: reader.DemandSocket}), lane.dial)
			time.Sleep(spread + time.Second)
			synctest.Wait()
			lane.do(func() { require.EqualValues(t, 1, lane.most, "nobody knows yet how large they are") })

			link.send(Command{Throttles: []Throttle{{Paused: ptr(false), BytesPerSecond: ptr[throttle.Rate](500_000)}}})
			time.Sleep(20 * time.Second)
			synctest.Wait()
			lane.do(func() { require.InDelta(t, most, lane.most, float64(most)/20, "messages of %d bytes", size) })
			c := link.cell("pull", "g")
			require.InEpsilon(t, min(500_000, 1000*size), c.BytesPerSecond, 0.15, "it does not wait for what it could have asked for")
			require.Zero(t, c.Gaps+c.Disconnects+c.Malformed)

			// Stopped, all that was asked for still comes, and no more.
			link.send(Command{Throttles: []Throttle{{Paused: ptr(true)}}})
			time.Sleep(10 * time.Second)
			synctest.Wait()
			before := lane.total()
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, before, lane.total())
		})
	}
}

// The window follows messages that become larger, as slowly as the mean size of
// all messages on the connection does.
func TestDemandFollowsTheSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, BytesPerSecond: 1_000_000, Read: reader.DemandSocket}), lane.dial)
		time.Sleep(time.Second)
		lane.do(func() { lane.size = 20_000 })
		time.Sleep(2 * time.Minute) // what was asked for of the small ones is read, and many large ones
		synctest.Wait()
		lane.do(func() { lane.most = 0 })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		lane.do(func() {
			require.NotZero(t, lane.most)
			require.LessOrEqual(t, lane.most, uint64(3))
		})
		require.Zero(t, link.cell("pull", "g").Gaps)
	})
}
