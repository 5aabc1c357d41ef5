package producer

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/child"
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// requireSums fails unless each event begins where the one before it has ended,
// and returns where the last one ends.
func requireSums(t *testing.T, events []event, from uint64) (end uint64) {
	t.Helper()
	end = from
	for _, e := range events {
		h, ok := wire.ScanHeader(e.data)
		require.True(t, ok)
		require.Equal(t, end, h.Pos, "message %d", h.Seq)
		end += uint64(len(fmt.Sprintf("id: %d\ndata: %s\n\n", h.Seq, e.data)))
	}
	return end
}

// Whatever befalls a run, a position is the sum of what is in the stream before
// it, and what is told at a second is what was stored until then.
func TestPositionsAreSumsOfTheStream(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			cfg := config(
				Group{Name: "g", Count: 3, RatePerSecond: 30, SizeBytes: 96},
				Group{Name: "you", Single: true, RatePerSecond: 10, SizeBytes: 1000},
			)
			cfg.Workload = Workloads[seed%2].Name
			store, link := start(t, cfg)
			for range 20 {
				time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
				synctest.Wait()
				switch random.IntN(7) {
				case 0:
					store.do(func() { store.full = !store.full })
				case 1:
					store.do(func() { store.down = !store.down })
				case 2:
					store.do(func() { store.loseNext = true })
				case 3:
					link.send(Command{Paused: ptr(random.IntN(2) == 0)})
				default:
					link.send(Command{Groups: map[string]GroupChange{"g": {
						Count: ptr(random.IntN(6)), SizeBytes: ptr(96 + random.IntN(900)), RatePerSecond: ptr(float64(1 + random.IntN(200))),
					}}})
				}
			}
			store.do(func() { store.full, store.down = false, false })
			link.send(Command{Paused: ptr(false)})
			time.Sleep(3 * time.Second)
			synctest.Wait()
			store.do(func() {
				require.NotEmpty(t, store.streams)
				for key, events := range store.streams {
					requireWhole(t, events, 1)
					requireSums(t, events, 0)
					for _, told := range link.told {
						requireTold(t, told, key, events)
					}
				}
			})
		})
	}
}

// requireTold fails unless the position that was told is that of the second it
// names. What was made at that very moment may count or not.
func requireTold(t *testing.T, told Report, key string, events []event) {
	t.Helper()
	second := time.Unix(told.PositionsAt, 0)
	var before, with uint64
	for _, e := range events {
		size := wire.EventBytes(e.seq, len(e.data))
		if !e.at.After(second) {
			with += size
		}
		if e.at.Before(second) {
			before = with
			if e.lost { // until the next is there, nobody knows of it
				before -= size
			}
		}
	}
	p := told.Positions[key[len(lane.Key("r", "")):]] // none is 0
	require.GreaterOrEqual(t, p.End, before, key)
	require.LessOrEqual(t, p.End, with, key)
	require.LessOrEqual(t, p.Begin, p.End)
}

// A whole second each, and each second once.
func TestPositionsAreToldOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(370 * time.Millisecond) // a process does not start at a whole second
		begun := time.Now()
		_, link := start(t, config(Group{Name: "g", Count: 1, RatePerSecond: 30, SizeBytes: 96}))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Len(t, link.told, 10)
		for i, told := range link.told {
			require.Equal(t, begun.Unix()+1+int64(i), told.PositionsAt)
		}
	})
}

// Lost streams begin behind what is lost.
func TestPositionsWhenTheBrokerComesBackEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 2, RatePerSecond: 20, SizeBytes: 96}))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		lost := map[string]uint64{}
		store.do(func() {
			store.down = true
			for key, events := range store.streams {
				lost[key] = requireSums(t, events, 0)
			}
			clear(store.last)
			clear(store.streams)
		})
		time.Sleep(5 * time.Second)
		store.do(func() { store.down = false })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		store.do(func() {
			for _, channel := range []string{"g-0", "g-1"} {
				key := lane.Key("r", channel)
				require.NotEmpty(t, store.streams[key])
				requireSums(t, store.streams[key], lost[key])
				require.Equal(t, lost[key], link.positions()[channel].Begin)
			}
		})
	})
}

// Where everybody has read everything, and where nobody reads, what is told as
// the beginning is the oldest message there is. Elsewhere it is never above it.
func TestBeginningsOfWhatWasTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(370 * time.Millisecond) // trimming and telling at different times
		store, link := start(t, config(Group{Name: "g", Count: 3, RatePerSecond: 20, SizeBytes: 96}))
		const unread, behind, current = "g-0", "g-1", "g-2"
		for second := range uint64(40) {
			time.Sleep(time.Second)
			link.send(Command{Floors: map[string]uint64{behind: second * 5, current: 1_000_000}})
		}
		link.send(Command{Paused: ptr(true)})
		time.Sleep(1830 * time.Millisecond)
		synctest.Wait()
		oldest := map[string]uint64{}
		store.do(func() {
			for _, channel := range []string{unread, behind, current} {
				left := store.left(lane.Key("r", channel))
				require.NotEmpty(t, left)
				h, _ := headOf(left[0].data)
				oldest[channel] = h.Pos
			}
			require.Len(t, store.left(lane.Key("r", current)), 1, "the newest stays")
		})
		p := link.positions()
		require.NotZero(t, p[unread].Begin)
		require.Equal(t, oldest[unread], p[unread].Begin)
		require.Equal(t, oldest[current], p[current].Begin)
		require.LessOrEqual(t, p[behind].Begin, oldest[behind])
	})
}

// A broker that trims by itself is asked once a second, and no other.
func TestBeginningsOfStreamsWithABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 20, RatePerSecond: 20, SizeBytes: 96}))
		time.Sleep(5*time.Second + Tick/2)
		synctest.Wait()
		store.do(func() { require.Zero(t, store.looks) })
		require.Zero(t, link.positions()["g-0"].Begin)
		link.send(Command{Retention: &Retention{MaxLen: 50}})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		store.do(func() { require.Equal(t, 10, store.looks) })
		link.send(Command{Paused: ptr(true)})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for i := range 20 {
			channel := fmt.Sprintf("g-%d", i)
			store.do(func() {
				left := store.left(lane.Key("r", channel))
				require.Len(t, left, 50)
				h, _ := headOf(left[0].data)
				require.Equal(t, h.Pos, link.positions()[channel].Begin)
			})
		}
		looks := 0
		link.send(Command{Retention: &Retention{}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		store.do(func() { looks = store.looks })
		time.Sleep(time.Minute)
		store.do(func() { require.Equal(t, looks, store.looks) })
	})
}

// What a look costs is bounded: large messages take turns.
func TestLooksTakeTurns(t *testing.T) {
	store := newFakeStore()
	p := &producer{log: quiet, writer: writer{store: store}}
	store.maxLen = 1
	for i := range 10 {
		key := fmt.Sprint(i)
		payload := fmt.Sprintf(`{"seq":2,"at":1,"pos":7,"channel":%d}`, i)
		store.streams[key] = []event{{seq: 2, data: payload}}
		p.journal.add(&record{key: key, channel: key, tail: tail{seq: 2, pos: 7, end: 7 + lookBytes/3}})
	}
	begun := func() (n int) {
		for _, at := range p.journal.positions() {
			if at.Begin == 7 {
				n++
			}
		}
		return n
	}
	for _, want := range []int{3, 6, 9, 10, 10} {
		p.lookOnce(t.Context())
		require.Equal(t, want, begun())
	}
	store.down = true
	p.lookOnce(t.Context()) // keeps what it knows
	require.Equal(t, 10, begun())
}

// Whoever comes after a producer goes on where it ended, unless nobody knows.
func TestTailOf(t *testing.T) {
	last := `{"seq":17,"at":1,"pos":1600,"x":1}`
	require.Equal(t, tail{}, tailOf(extent{}))
	require.Equal(t, tail{17, 1600, 1600 + wire.EventBytes(17, len(last))}, tailOf(extent{seq: 17, last: last}))
	for name, e := range map[string]extent{
		"empty":              {seq: 1_000_000},
		"newest was deleted": {seq: 1_000_000, last: last},
		"no position":        {seq: 1_000_000, last: `{"seq":1000000,"at":1}`},
	} {
		most := uint64(0)
		for seq := range e.seq {
			most += wire.EventBytes(seq+1, MaxSizeBytes)
		}
		require.GreaterOrEqual(t, tailOf(e).end, most, name)
	}
}

// The largest report fits into a line of the link.
func TestPositionsFitIntoALine(t *testing.T) {
	var j journal
	for i := range maxPositions {
		j.add(&record{channel: fmt.Sprintf("slow-%d", i), begin: 1_000_000_000, tail: tail{end: 9_000_000_000}})
	}
	line, err := json.Marshal(Report{Positions: j.positions(), PositionsAt: 1_763_822_400})
	require.NoError(t, err)
	require.Less(t, len(line), child.MaxLineBytes)
	j.add(&record{})
	require.Nil(t, j.positions())
}

// keeping is a store whose streams outlive their producer, as if it had been
// killed.
type keeping struct{ *redisStore }

func (keeping) Remove(context.Context, []string) error { return nil }

func TestASecondProducerGoesOnAtThePosition(t *testing.T) {
	eachBroker(t, func(t *testing.T, s *redisServer) {
		cfg := s.config(Group{Name: "g", Count: 3, RatePerSecond: 300, SizeBytes: 200})
		cfg.Workload = "llm"
		for round := range uint64(3) {
			ctx, cancel := context.WithCancel(t.Context())
			link, result := newFakeLink(), make(chan error, 1)
			store := keeping{newRedisStore(&redis.Options{Addr: s.addr})}
			go func() { result <- run(ctx, cfg, store, link, quiet) }()
			if round == 1 { // everything that can be trimmed is
				waitFor(t, func() bool { return link.report().Produced > 200 }, "messages")
				link.send(Command{Paused: ptr(true), Floors: map[string]uint64{"g-0": 1e9, "g-1": 1e9, "g-2": 1e9}})
				waitFor(t, func() bool { return len(s.entries("g-0")) == 1 && len(s.entries("g-2")) == 1 }, "trimmed")
			}
			waitFor(t, func() bool { return link.report().Produced > 200 }, "messages")
			cancel()
			require.ErrorIs(t, <-result, context.Canceled)
			store.Close()
		}
		for _, channel := range []string{"g-0", "g-1", "g-2"} {
			var events []event
			for _, payload := range s.entries(channel) {
				events = append(events, event{data: payload})
			}
			require.Greater(t, len(events), 20)
			first, _ := headOf(events[0].data)
			require.Greater(t, first.Seq, uint64(20))
			requireSums(t, events, first.Pos)
		}
	})
}

// With the real thing: what is told is what lies in the stream, where it is kept
// and where the broker trims it.
func TestPositionsAreThoseOfTheStream(t *testing.T) {
	eachBroker(t, func(t *testing.T, s *redisServer) {
		link, _ := s.startMain(s.config(Group{Name: "g", Count: 2, RatePerSecond: 1000, SizeBytes: 150}))
		waitFor(t, func() bool { return link.report().Produced > 1000 }, "messages")
		told := func() (begin uint64) {
			waitFor(t, func() bool {
				for _, channel := range []string{"g-0", "g-1"} {
					stored := s.entries(channel)
					first, _ := headOf(stored[0])
					last, _ := headOf(stored[len(stored)-1])
					want := Position{first.Pos, last.Pos + wire.EventBytes(last.Seq, len(stored[len(stored)-1]))}
					if link.positions()[channel] != want {
						return false
					}
					begin = first.Pos
				}
				return true
			}, "positions")
			return begin
		}
		link.send(Command{Paused: ptr(true)})
		require.Zero(t, told())
		link.send(Command{Retention: &Retention{MaxLen: 100}, Paused: ptr(false)})
		waitFor(t, func() bool { return link.report().Produced > 3000 }, "messages")
		link.send(Command{Paused: ptr(true)})
		require.NotZero(t, told())
		require.NoError(t, s.client.Del(t.Context(), lane.Key("r", "g-0"), lane.Key("r", "g-1")).Err())
		waitFor(t, func() bool { p := link.positions()["g-0"]; return p.Begin == p.End }, "nothing is left")
	})
}
