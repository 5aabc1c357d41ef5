package crowd

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// written is what the lane has written to everybody.
func (l *fakeLane) total() (sum uint64) {
	l.do(func() {
		for _, n := range l.written {
			sum += n
		}
	})
	return sum
}

// Every way of reading is read at its throttle. What is not read stays in the
// lane, but for the two that cannot push back: they hold it.
func TestWhereItWaits(t *testing.T) {
	const size, rate, count, seconds = 1000, 10_000, 3, 30
	for _, way := range reader.Ways {
		t.Run(string(way), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lane := newFakeLane(t, time.Millisecond, size)
				link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: count, BytesPerSecond: rate, Read: way}), lane.dial)
				time.Sleep(seconds*time.Second + spread)
				synctest.Wait()
				c := link.cell("pull", "g")
				lane.do(func() {
					require.Len(t, lane.spoken, count)
					require.Equal(t, way.Transport(), lane.spoken[0])
				})
				require.EqualValues(t, count, c.Connected)
				require.InEpsilon(t, rate*count*seconds, c.Bytes, 0.1, "read at its pace")
				require.Zero(t, c.Gaps+c.Repeats+c.Malformed+c.Disconnects+c.Refused)
				slack := float64(count * (bufferBytes + size))
				if way == reader.DemandSocket {
					slack += count * reader.WindowBytes
				}
				if way.PushesBack() {
					require.Zero(t, c.Held)
					require.InDelta(t, c.Bytes, lane.total(), slack, "the rest is in the lane")
					return
				}
				require.InEpsilon(t, 1000*size*count*seconds, lane.total(), 0.1, "the lane feels nothing")
				require.InDelta(t, lane.total()-c.Bytes, c.Held, slack)
				require.Greater(t, c.Held, 50*c.Bytes)
			})
		})
	}
}

func TestTheWayFollowsTheLane(t *testing.T) {
	for transport, want := range map[string]reader.Way{
		"": reader.Fetch, "sse": reader.Fetch, "websocket": reader.SocketStream, "websocket-demand": reader.DemandSocket,
	} {
		way, asked := wayOf(Group{}, Lane{Transport: transport})
		require.Equal(t, want, way)
		require.Empty(t, asked, "what the lane speaks anyway is not asked for")
	}
	way, asked := wayOf(Group{Read: reader.Socket}, Lane{Transport: "sse"})
	require.Equal(t, reader.Socket, way)
	require.Equal(t, "websocket", asked)
}

// What is held was never lost: it is read later, and old.
func TestWhatIsHeldIsReadLater(t *testing.T) {
	for _, way := range []reader.Way{reader.EventSource, reader.Socket} {
		synctest.Test(t, func(t *testing.T) {
			lane := newFakeLane(t, 10*time.Millisecond, 1000)
			link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 2, Paused: true, BytesPerSecond: throttle.Unlimited, Read: way}), lane.dial)
			time.Sleep(20*time.Second + spread)
			synctest.Wait()
			c := link.cell("pull", "g")
			require.Zero(t, c.Messages)
			require.InEpsilon(t, 2*20*100*1000, c.Held, 0.1)
			link.send(Command{Throttles: []Throttle{{Paused: ptr(false)}}})
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			c = link.cell("pull", "g")
			require.Zero(t, c.Held)
			require.InEpsilon(t, 2*2050, c.Messages, 0.05)
			require.Zero(t, c.Gaps)
			require.InEpsilon(t, 10e6, c.AgeP50Micros, 0.1, "half of twenty seconds")
		})
	}
}

// A page that is closed takes what it held with it, and begins behind what it
// has read.
func TestWhatIsHeldGoesWithTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 1000)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, BytesPerSecond: 10_000, Read: reader.Socket}), lane.dial)
		time.Sleep(20 * time.Second)
		link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		c := link.lastFull("pull", "g")
		require.Zero(t, c.Held+c.Connected)
		require.InEpsilon(t, 200, c.Read["g-0"], 0.1)
		link.send(Command{Throttles: []Throttle{{Away: ptr(false)}}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Greater(t, link.cell("pull", "g").Gaps, uint64(1500), "this lane gives nothing again")
		lane.do(func() {
			require.Len(t, lane.lasts, 2)
			require.InEpsilon(t, 200, atoi(t, lane.lasts[1]), 0.1)
			require.Equal(t, []string{"", ""}, lane.lastIDs, "a page has no say in the headers of a WebSocket")
		})
	})
}

// A stream that ends leaves what had arrived to be read.
func TestWhatIsHeldOutlivesTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 1000)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, BytesPerSecond: 20_000, Read: reader.EventSource}), lane.dial)
		time.Sleep(10*time.Second + spread)
		lane.cut()
		time.Sleep(time.Second)
		synctest.Wait()
		c := link.cell("pull", "g")
		require.Zero(t, c.Connected+c.Disconnects)
		require.InEpsilon(t, 800_000, c.Held, 0.1)
		time.Sleep(45 * time.Second) // 40 for what it held
		synctest.Wait()
		c = link.cell("pull", "g")
		require.EqualValues(t, 1, c.Connected)
		require.EqualValues(t, 1, c.Disconnects)
		require.LessOrEqual(t, c.Gaps, uint64(1), "the one that was being written")
		lane.do(func() { require.InDelta(t, 1000, atoi(t, lane.lastIDs[1]), 50) })
	})
}

func TestALaneSaysWhyItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, time.Second, 1000)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 2, BytesPerSecond: throttle.Unlimited, Read: reader.SocketStream}), lane.dial)
		time.Sleep(3 * time.Second)
		lane.do(func() { lane.refuse = true })
		lane.end("too slow")
		time.Sleep(2 * reportEvery)
		synctest.Wait()
		require.EqualValues(t, 2, link.cell("pull", "g").Disconnects)
		// By then each has knocked again.
		require.Contains(t, []string{errEnded.Error() + ": too slow", "connect: connection refused"}, link.cell("pull", "g").Trouble)
	})
}
