package crowd

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

func oneLane(groups ...Group) Config {
	return Config{Lanes: []Lane{{Name: "pull", URL: laneURL}}, Groups: groups}
}

func TestReadersReadAndCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 20*time.Millisecond, 1000) // 50 a second
		link, _ := startCrowd(t, oneLane(Group{Name: "healthy", Count: 10, BytesPerSecond: throttle.Unlimited}), lane.dial)
		time.Sleep(10*time.Second + spread)
		synctest.Wait()
		c := link.cell("pull", "healthy")
		require.EqualValues(t, 10, c.Readers)
		require.EqualValues(t, 10, c.Connected)
		require.InEpsilon(t, 10*10*50, c.Messages, 0.05)
		require.InDelta(t, c.Messages*1000, c.Bytes, 10*bufferBytes)
		require.InEpsilon(t, 10*50, c.PerSecond, 0.05)
		require.InEpsilon(t, 10*50*1000, c.BytesPerSecond, 0.05)
		require.InEpsilon(t, 10*50, c.AgeCount, 0.05)
		require.Less(t, c.AgeP99Micros, uint64(100))
		require.Zero(t, c.Gaps+c.Repeats+c.Malformed+c.Disconnects+c.Refused)
		require.Empty(t, c.Trouble)
		read := link.lastRead("pull", "healthy")
		require.Len(t, read, 10)
		require.InDelta(t, 500, read["healthy-9"], 60)
	})
}

func TestThrottleIsExactAndLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 5
		lane := newFakeLane(t, 0, 1000) // as much as is taken
		link, _ := startCrowd(t, oneLane(
			Group{Name: "slow", Count: count, BytesPerSecond: 4_000},
			Group{Name: "other", Count: count, BytesPerSecond: 1_000},
		), lane.dial)
		time.Sleep(spread)
		rate := func(group string) float64 {
			time.Sleep(5 * time.Second) // past what was allowed before
			synctest.Wait()
			before := link.cell("pull", group).Bytes
			time.Sleep(60 * time.Second)
			synctest.Wait()
			return float64(link.cell("pull", group).Bytes-before) / 60 / count
		}
		require.InEpsilon(t, 4_000, rate("slow"), 0.1)
		require.InEpsilon(t, 1_000, rate("other"), 0.1)
		link.send(Command{Throttles: []Throttle{{Lane: "pull", Group: "slow", BytesPerSecond: ptr[throttle.Rate](50_000)}}})
		require.InEpsilon(t, 50_000, rate("slow"), 0.1)
		require.InEpsilon(t, 1_000, rate("other"), 0.1)
		// The lane has written what was read and one buffer each.
		synctest.Wait()
		read := link.cell("pull", "other").Bytes
		lane.do(func() {
			var written uint64
			for _, name := range []string{"other-0", "other-1", "other-2", "other-3", "other-4"} {
				written += lane.written[name]
			}
			require.InDelta(t, read, written, count*(bufferBytes+1_000))
		})
	})
}

func TestPauseStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, time.Millisecond, 1000)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 3, BytesPerSecond: throttle.Unlimited}), lane.dial)
		time.Sleep(time.Second)
		link.send(Command{Throttles: []Throttle{{Paused: ptr(true)}}})
		time.Sleep(time.Second)
		synctest.Wait()
		held := link.cell("pull", "g")
		require.Zero(t, held.Limit)
		time.Sleep(time.Hour)
		synctest.Wait()
		after := link.cell("pull", "g")
		require.Equal(t, held.Bytes, after.Bytes)
		require.EqualValues(t, 3, after.Connected)
		require.Zero(t, after.BytesPerSecond)

		link.send(Command{Throttles: []Throttle{{Paused: ptr(false)}}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Greater(t, link.cell("pull", "g").Bytes, held.Bytes+3_000_000)
		require.Zero(t, link.cell("pull", "g").Gaps)
		require.EqualValues(t, throttle.Unlimited, link.cell("pull", "g").Limit)
	})
}

func TestLaneDownAndUpKeepsTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 4, BytesPerSecond: throttle.Unlimited}), lane.dial)
		time.Sleep(5 * time.Second)
		link.send(Command{Lanes: map[string]string{"pull": ""}})
		time.Sleep(time.Second)
		synctest.Wait()
		down := link.cell("pull", "g")
		require.Zero(t, down.Connected)
		require.Zero(t, down.Disconnects)
		accepted := 0
		lane.do(func() {
			require.Empty(t, lane.conns)
			accepted = lane.accepted
			for name, seq := range lane.seq { // what the lane gives up meanwhile
				lane.seq[name] = seq + 100
			}
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		lane.do(func() { require.Equal(t, accepted, lane.accepted) })
		require.Equal(t, down.Messages, link.cell("pull", "g").Messages)
		require.Len(t, link.lastRead("pull", "g"), 4)

		link.send(Command{Lanes: map[string]string{"pull": "http://lane.test:81/again"}})
		time.Sleep(spread + time.Second)
		synctest.Wait()
		up := link.cell("pull", "g")
		require.EqualValues(t, 4, up.Connected)
		require.Greater(t, up.Messages, down.Messages)
		require.InDelta(t, 400, up.Gaps, 8) // 100 each, and the one that was being written
		lane.do(func() {
			require.Empty(t, lane.lastIDs[0])
			require.NotEmpty(t, lane.lastIDs[len(lane.lastIDs)-1])
		})
	})
}

func TestUnexpectedEndIsCountedAndRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 4, BytesPerSecond: throttle.Unlimited}), lane.dial)
		time.Sleep(time.Second)
		synctest.Wait()
		lane.do(func() { lane.refuse = true })
		lane.cut()
		time.Sleep(reportEvery + time.Millisecond)
		synctest.Wait()
		require.Equal(t, errEnded.Error(), link.cell("pull", "g").Trouble)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		c := link.cell("pull", "g")
		require.EqualValues(t, 4, c.Disconnects)
		require.Zero(t, c.Connected)
		require.Contains(t, c.Trouble, "connection refused")
		// Ten to twenty attempts each at the longest pause, a few before.
		require.Greater(t, c.Refused, uint64(4*10))
		require.Less(t, c.Refused, uint64(4*26))

		lane.do(func() { lane.refuse = false })
		time.Sleep(retryLongest + time.Second)
		synctest.Wait()
		c = link.cell("pull", "g")
		require.EqualValues(t, 4, c.Connected)
		require.Empty(t, c.Trouble)
	})
}

func TestCountsUpAndDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(
			Group{Name: "g", Count: 10, BytesPerSecond: throttle.Unlimited},
			Group{Name: "h", Count: 1, BytesPerSecond: throttle.Unlimited},
		), lane.dial)
		settle := func() CellReport {
			time.Sleep(spread + 2*time.Second)
			synctest.Wait()
			return link.cell("pull", "g")
		}
		require.EqualValues(t, 10, settle().Connected)
		link.send(Command{Counts: map[string]int{"g": 2}})
		few := settle()
		require.EqualValues(t, 2, few.Readers)
		require.EqualValues(t, 2, few.Connected)
		require.Len(t, link.lastRead("pull", "g"), 2)
		lane.do(func() { require.Len(t, lane.conns, 3) })
		require.Greater(t, few.Messages, uint64(10*200)) // those that left still count
		link.send(Command{Counts: map[string]int{"g": 20}})
		many := settle()
		require.EqualValues(t, 20, many.Connected)
		require.Greater(t, many.Messages, few.Messages)
		require.Zero(t, many.Disconnects)
		link.send(Command{Counts: map[string]int{"g": 0}})
		require.Zero(t, settle().Connected)
	})
}

func TestInvalidCommandChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 2, BytesPerSecond: 5000}), lane.dial)
		for _, line := range []string{
			`{"Counts":{"g":1,"nobody":1}}`,
			`{"Counts":{"g":-1}}`,
			`{"Counts":{"g":1},"Lanes":{"pull":"ftp://x"}}`,
			`{"Counts":{"g":1},"Lanes":{"other":""}}`,
			`{"Throttles":[{"Paused":true},{"Group":"nobody"}]}`,
			`{"Throttles":"fast"}`,
		} {
			link.commands <- []byte(line)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		c := link.cell("pull", "g")
		require.EqualValues(t, 2, c.Connected)
		require.EqualValues(t, 5000, c.Limit)
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Group{Name: "g", Count: 1}
	for name, cfg := range map[string]Config{
		"no lanes":    {Groups: []Group{good}},
		"lane twice":  {Lanes: []Lane{{Name: "a", URL: ""}, {Name: "a", URL: ""}}},
		"lane url":    {Lanes: []Lane{{Name: "a", URL: "localhost:80"}}},
		"group twice": oneLane(good, good),
		"count":       oneLane(Group{Name: "g", Count: MaxCount + 1}),
		"buffer":      oneLane(Group{Name: "g", Count: 1, BufferBytes: -2}),
		"segment":     oneLane(Group{Name: "g", Count: 1, SegmentBytes: -2}),
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run(t.Context(), cfg, newFakeLink(), quiet, nil), "read configuration")
		})
	}
}
