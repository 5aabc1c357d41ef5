package producer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFloorsAreTrimmedExactlyAndNeverBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 2, RatePerSecond: 100, SizeBytes: 96}))
		time.Sleep(time.Second)
		floors := func() map[string]uint64 {
			time.Sleep(trimEvery)
			synctest.Wait()
			got := map[string]uint64{}
			store.do(func() {
				for k, v := range store.floors {
					got[k] = v
				}
			})
			return got
		}
		link.send(Command{Floors: map[string]uint64{"g-0": 40, "g-1": 7, "other": 5}})
		require.Equal(t, map[string]uint64{"spillway:r:g-0": 40, "spillway:r:g-1": 7}, floors())
		link.send(Command{Floors: map[string]uint64{"g-0": 20, "g-1": 8}})
		require.Equal(t, map[string]uint64{"spillway:r:g-0": 40, "spillway:r:g-1": 8}, floors())
		time.Sleep(reportEvery)
		synctest.Wait()
		require.EqualValues(t, 48, link.report().Trimmed)

		// A slow reader keeps everything, however long it takes.
		time.Sleep(10 * UnreadKeep)
		require.EqualValues(t, 8, floors()["spillway:r:g-1"])
	})
}

func TestWhatNobodyReadsIsKeptForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 100
		store, link := start(t, config(Group{Name: "g", Count: 1, RatePerSecond: rate, SizeBytes: 96}))
		floor := func() (v uint64) {
			synctest.Wait()
			store.do(func() { v = store.floors["spillway:r:g-0"] })
			return v
		}
		begun := time.Now()
		time.Sleep(UnreadKeep)
		require.Zero(t, floor())
		time.Sleep(UnreadKeep)
		require.InDelta(t, UnreadKeep.Seconds()*rate, floor(), 1.1*rate)

		// A reader arrives, stays behind, and leaves.
		begin := floor()
		link.send(Command{Floors: map[string]uint64{"g-0": begin + 10}})
		time.Sleep(UnreadKeep)
		require.Equal(t, begin+10, floor())
		link.send(Command{Floors: map[string]uint64{}})
		time.Sleep(UnreadKeep - 2*trimEvery)
		require.Equal(t, begin+10, floor())
		time.Sleep(3 * trimEvery)
		require.InDelta(t, (time.Since(begun)-UnreadKeep).Seconds()*rate, floor(), 1.1*rate)
	})
}

func TestTrimmingGoesOnWhileTheBrokerIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 1, RatePerSecond: 100, SizeBytes: 96}))
		time.Sleep(time.Second)
		synctest.Wait()
		store.do(func() { store.full = true })
		time.Sleep(time.Second)
		link.send(Command{Floors: map[string]uint64{"g-0": 50}})
		time.Sleep(trimEvery)
		synctest.Wait()
		store.do(func() { require.EqualValues(t, 50, store.floors["spillway:r:g-0"]) })
	})
}
