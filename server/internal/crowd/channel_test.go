package crowd

import (
	"encoding/json"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

func TestGroupsShareAChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(
			Group{Name: "healthy", Channel: "all", Count: 3, BytesPerSecond: throttle.Unlimited},
			Group{Name: "slow", Channel: "all", Count: 2, BytesPerSecond: 1000},
			Group{Name: "you", Channel: "you", Count: 1, BytesPerSecond: throttle.Unlimited},
		), lane.dial)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		lane.do(func() {
			require.ElementsMatch(t, []string{"all", "all", "all", "all", "all", "you"}, lane.asked)
		})
		for group, channel := range map[string]string{"healthy": "all", "slow": "all", "you": "you"} {
			c := link.lastFull("pull", group)
			require.Len(t, c.Read, 1)
			require.NotZero(t, c.Read[channel])
			require.Equal(t, c.Readers, c.Connected)
		}
		link.send(Command{Counts: map[string]int{"slow": 4}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 4, link.cell("pull", "slow").Connected)
		require.Len(t, link.lastRead("pull", "slow"), 1)
	})
}

// readersAt is a cell whose readers have read that far.
func readersAt(channel string, away bool, seqs ...uint64) *cell {
	c := &cell{lane: "pull", group: "g", channel: channel, away: away}
	for i, seq := range seqs {
		r := &synthetic{channel: channel, pacer: throttle.NewPacer(throttle.Unlimited)}
		if channel == "" {
			r.channel = "g-" + strconv.Itoa(i)
		}
		if seq > 0 {
			r.decoder.Feed(event(seq, 100), time.Now().UnixMicro())
		}
		c.readers = append(c.readers, r)
	}
	return c
}

func TestReadIsTheLowestOfAllReaders(t *testing.T) {
	for _, test := range []struct {
		name string
		cell *cell
		want map[string]uint64
	}{
		{"each its own", readersAt("", false, 7, 0, 3), map[string]uint64{"g-0": 7, "g-1": 0, "g-2": 3}},
		{"shared", readersAt("all", false, 7, 3, 9), map[string]uint64{"all": 3}},
		{"one has read nothing", readersAt("all", false, 7, 0, 9), map[string]uint64{"all": 0}},
		{"away", readersAt("all", true, 7, 3, 9), map[string]uint64{"all": 3}},
		{"away before it has read", readersAt("all", true, 7, 0, 9), map[string]uint64{"all": 7}},
		{"all away before they have read", readersAt("", true, 0, 0), map[string]uint64{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Nil(t, test.cell.sample(time.Now(), false).Read)
			require.Equal(t, test.want, test.cell.sample(time.Now(), true).Read)
		})
	}
}

// Nobody reads any more is something else than nothing new, also over the wire.
func TestReadOfNobodyArrives(t *testing.T) {
	for withRead, want := range map[bool]map[string]uint64{true: {}, false: nil} {
		line, err := json.Marshal(readersAt("", false).sample(time.Now(), withRead))
		require.NoError(t, err)
		var r CellReport
		require.NoError(t, json.Unmarshal(line, &r))
		require.Equal(t, want, r.Read)
		require.Equal(t, withRead, r.Ages != nil)
	}
}

// Every message counts with its age for good: also those of readers that have
// left, of connections that ended, and of reports that nobody got.
func TestAgesAreThoseOfAllMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 10, BytesPerSecond: 10_000}), lane.dial)
		before := uint64(0)
		for _, change := range []Command{
			{Counts: map[string]int{"g": 3}},
			{Throttles: []Throttle{{Away: ptr(true)}}},
			{Throttles: []Throttle{{Away: ptr(false)}}},
			{Counts: map[string]int{"g": 0}},
			{Counts: map[string]int{"g": 5}},
		} {
			time.Sleep(3 * time.Second)
			link.send(change)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			c := link.lastFull("pull", "g")
			var ages reader.Histogram
			c.Ages.AddTo(&ages)
			require.Equal(t, c.Messages, ages.Count())
			require.GreaterOrEqual(t, ages.Count(), before)
			before = ages.Count()
		}
		require.Greater(t, before, uint64(1000))
		time.Sleep(reportEvery)
		synctest.Wait()
		require.Nil(t, link.cell("pull", "g").Ages, "once a second only")
	})
}
