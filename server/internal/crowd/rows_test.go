package crowd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/child"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// cellOf is a cell of the newest report with rows.
func (l *fakeLink) cellOf(lane, group string) CellReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) == 0 {
		return CellReport{}
	}
	for _, c := range l.told[len(l.told)-1].Cells {
		if c.Lane == lane && c.Group == group {
			return c
		}
	}
	return CellReport{}
}

// missed is what a reader has passed over.
func (r Row) missed() uint64 { return r.To - r.From - r.Text }

// Rows come once a second, at a whole one, and say what each reader has.
func TestRowsAreWhatTheLaneHasWritten(t *testing.T) {
	for _, way := range reader.Ways {
		t.Run(string(way), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const size = 200
				time.Sleep(123 * time.Millisecond)
				begun := time.Now()
				lane := newFakeLane(t, 7*time.Millisecond, size)
				link, _ := startCrowd(t, oneLane(
					Group{Name: "healthy", Count: 5, BytesPerSecond: throttle.Unlimited, Read: way},
					Group{Name: "slow", Channel: "all", Count: 1, BytesPerSecond: 10_000, Read: way},
				), lane.dial)
				time.Sleep(10 * time.Second)
				link.send(Command{Throttles: []Throttle{{Group: "healthy", Paused: ptr(true)}}})
				time.Sleep(2 * time.Second)
				synctest.Wait()
				require.Len(t, link.told, 12)
				for i, r := range link.told {
					for _, c := range r.Cells {
						require.Equal(t, begun.Unix()+1+int64(i), c.RowsAt)
						require.Equal(t, Row{}, c.Left)
					}
				}
				c, now := link.cellOf("pull", "healthy"), link.cell("pull", "healthy")
				require.Len(t, c.Rows, 5)
				var text, held uint64
				for i, r := range c.Rows {
					require.EqualValues(t, i, r.Number)
					require.Equal(t, fmt.Sprintf("healthy-%d", i), r.Channel)
					require.Zero(t, r.From+r.Before+r.missed())
					require.Greater(t, r.Text, uint64(1000*size))
					text += r.Text
					held += r.Held
				}
				require.Equal(t, now.Messages*size, text)
				require.InDelta(t, now.Held, held, (130/7+2)*5*size, "a tenth of a second later")
				if !way.PushesBack() {
					require.Greater(t, held, uint64(5*100*size))
				}
				slow := link.cellOf("pull", "slow").Rows
				require.Len(t, slow, 1)
				require.Equal(t, "all", slow[0].Channel)
				require.InEpsilon(t, 12*10_000, slow[0].Text, 0.1)
			})
		})
	}
}

// Each connection has an id of its own, on whichever lane, and the lane is told.
func TestEachConnectionHasAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 200)
		cfg := oneLane(
			Group{Name: "g", Count: 4, BytesPerSecond: throttle.Unlimited},
			Group{Name: "h", Count: 3, BytesPerSecond: throttle.Unlimited, Read: reader.Socket},
		)
		cfg.Lanes = append(cfg.Lanes, Lane{Name: "push", URL: laneURL})
		link, _ := startCrowd(t, cfg, lane.dial)
		seen := map[uint64]bool{}
		for round := range 4 {
			time.Sleep(5 * time.Second)
			synctest.Wait()
			for _, c := range link.told[len(link.told)-1].Cells {
				for _, r := range c.Rows {
					require.NotZero(t, r.ID)
					require.False(t, seen[r.ID], "an id comes once")
					seen[r.ID] = true
				}
			}
			require.Len(t, seen, (round+1)*14)
			lane.cut()
		}
		lane.do(func() {
			asked := map[string]bool{}
			for _, id := range lane.ids {
				asked[id] = true
			}
			require.Len(t, asked, len(lane.ids))
			for id := range seen {
				require.True(t, asked[strconv.FormatUint(id, 10)], id)
			}
			require.True(t, asked["1"] && asked[strconv.Itoa(len(lane.ids))], "from 1 on")
		})
	})
}

// Before is what a reader had when its connection began, and a hole between two
// has its size, whatever the reader did with what it held.
func TestRowsOverConnections(t *testing.T) {
	for _, way := range []reader.Way{reader.Fetch, reader.EventSource, reader.Socket, reader.DemandSocket} {
		t.Run(string(way), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const size = 500
				lane := newFakeLane(t, 10*time.Millisecond, size)
				link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 3, BytesPerSecond: 20_000, Read: way}), lane.dial)
				link.send(Command{})
				var before []Row
				for round := range 4 {
					time.Sleep(5500 * time.Millisecond)
					synctest.Wait()
					rows := link.cellOf("pull", "g").Rows
					for i, r := range rows {
						require.NotZero(t, r.ID)
						if round > 0 {
							require.Equal(t, before[i].Text, r.Before)
							require.Greater(t, r.ID, before[i].ID)
						} else {
							require.Zero(t, r.Before+r.missed())
						}
						require.Greater(t, r.Text, r.Before)
						require.Equal(t, r.Text, r.To-r.From-r.missed())
						require.Zero(t, r.missed()%size)
					}

					link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
					synctest.Wait()
					after := link.cell("pull", "g").Gaps
					time.Sleep(1500 * time.Millisecond)
					synctest.Wait()
					gone := link.cellOf("pull", "g")
					var missed uint64
					for i, r := range gone.Rows {
						require.Zero(t, r.ID)
						require.Zero(t, r.Held, "it went with the connection")
						require.GreaterOrEqual(t, r.Text, rows[i].Text)
						require.Equal(t, rows[i].Before, r.Before)
						missed += r.missed()
					}
					require.Equal(t, after*size, missed)
					before = gone.Rows
					link.send(Command{Throttles: []Throttle{{Away: ptr(false)}}})
				}
				if !way.PushesBack() {
					require.NotZero(t, link.cell("pull", "g").Gaps, "what it held was lost")
				}
			})
		})
	}
}

// A reader that hangs up because it holds too much loses what it held, and not a
// byte more: its lane is read on behind that.
func TestRowsOfAReaderThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 250_000
		lane := newFakeLane(t, 10*time.Millisecond, size) // 25 MB/s
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, BytesPerSecond: 1_000_000, Read: reader.Socket}), lane.dial)
		for link.cell("pull", "g").HungUp == 0 {
			time.Sleep(reportEvery)
			synctest.Wait()
		}
		link.send(Command{Throttles: []Throttle{{BytesPerSecond: ptr(throttle.Unlimited)}}})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		c := link.cellOf("pull", "g")
		r := c.Rows[0]
		require.NotZero(t, r.Before)
		require.Less(t, r.Before, uint64(4_000_000))
		require.InDelta(t, reader.MaxHeldBytes, r.missed(), 3*size)
		require.Equal(t, c.Gaps*size, r.missed())
		lane.do(func() { require.InDelta(t, lane.seq["g-0"]*size, r.To, 110*size) })
	})
}

// However readers come and go, nothing of what was received or missed is lost
// from the books: rows and what has left are the cell's messages and gaps.
func TestRowsAndLeftAreEverything(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			const size = 300
			random := rand.New(rand.NewPCG(seed, 3))
			lane := newFakeLane(t, 10*time.Millisecond, size)
			link, _ := startCrowd(t, oneLane(Group{Name: "g", Channel: "all", Count: 5, BytesPerSecond: 15_000, Read: reader.Ways[seed%uint64(len(reader.Ways))]}), lane.dial)
			var left Row
			for range 15 {
				time.Sleep(time.Duration(random.IntN(4000)) * time.Millisecond)
				switch random.IntN(4) {
				case 0:
					link.send(Command{Throttles: []Throttle{{Away: ptr(random.IntN(2) == 0)}}})
				case 1:
					lane.do(func() { lane.seq["all"] += 50 })
				case 2:
					lane.cut()
				default:
					link.send(Command{Counts: map[string]int{"g": random.IntN(10)}})
				}
				now := link.cellOf("pull", "g").Left
				require.GreaterOrEqual(t, now.Text, left.Text)
				require.GreaterOrEqual(t, now.To-now.Text, left.To-left.Text)
				left = now
			}
			link.send(Command{Counts: map[string]int{"g": 3}})
			link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
			time.Sleep(2 * time.Second)
			synctest.Wait()
			c := link.cellOf("pull", "g")
			text, missed := c.Left.Text, c.Left.To-c.Left.Text
			require.Zero(t, c.Left.From)
			for _, r := range c.Rows {
				text += r.Text
				missed += r.missed()
			}
			require.NotZero(t, c.Left.Text)
			require.Equal(t, c.Messages*size, text)
			require.Equal(t, c.Gaps*size, missed)
		})
	}
}

// Whoever gets messages twice has missed nothing, rather than less.
func TestLeftNeverRunsUnder(t *testing.T) {
	var left Row
	left.leave(reader.Account{From: 100, To: 300, Text: 500})
	left.leave(reader.Account{From: 100, To: 300, Text: 150})
	left.leave(reader.Account{})
	require.Equal(t, Row{To: 700, Text: 650}, left)
}

// manyReaders is a crowd whose readers all have something, on two lanes.
func manyReaders(count int) *crowd {
	c := &crowd{}
	for _, lane := range []string{"push", "pull"} {
		cell := &cell{lane: lane, group: "everybody", gate: newGate(), ids: new(atomic.Uint64)}
		for i := range count / 2 {
			s := &synthetic{channel: fmt.Sprintf("everybody-%d", i), pacer: throttle.NewPacer(throttle.Unlimited), id: 1_000_000 + uint64(i), before: 1_000_000_000}
			s.decoder.Feed(event(1_000_000, 1000), time.Now().UnixMicro())
			s.decoder.Feed(event(9_000_000, 1000), time.Now().UnixMicro())
			s.held.Store(reader.MaxHeldBytes)
			cell.readers = append(cell.readers, s)
		}
		c.cells = append(c.cells, cell)
	}
	return c
}

// The largest report, with everything that comes once a second, fits into a line
// of the link.
func TestRowsFitIntoALine(t *testing.T) {
	now := time.Unix(1_763_822_400, 0)
	report := func(readers int) Report {
		c := manyReaders(readers)
		r, read := c.report(now, true), c.read(now)
		read.tell(&r)
		require.Zero(t, read.at)
		return r
	}
	r := report(maxRows)
	line, err := json.Marshal(r)
	require.NoError(t, err)
	t.Logf("%d bytes for each reader", len(line)/maxRows)
	require.Less(t, len(line), child.MaxLineBytes)
	require.Equal(t, now.Unix(), r.Cells[1].RowsAt)

	r = report(maxRows + 2)
	require.Nil(t, r.Cells[0].Rows)
	require.Zero(t, r.Cells[0].RowsAt)
}

// A timer that comes a little early or late reads for the same second, and the
// next reading is for the next one.
func TestNextSecond(t *testing.T) {
	at := func(micros int64) time.Time { return time.UnixMicro(1_763_822_400_000_000 + micros) }
	for now, second := range map[int64]int64{0: 0, 1: 0, -1: 0, -9_000: 0, 20_000: 0, 700_000: 0, -20_000: -1_000_000} {
		require.Equal(t, at(second).UTC(), wholeSecond(at(now)).UTC(), now)
		require.Equal(t, at(second+1_000_000).UTC(), nextSecond(at(now)).UTC(), now)
	}
}

// BenchmarkRows is what rows of a thousand readers take once a second: reading
// them, and their part of the line.
func BenchmarkRows(b *testing.B) {
	c := manyReaders(1000)
	now := time.Now()
	without, err := json.Marshal(c.report(now, false))
	require.NoError(b, err)
	b.ReportAllocs()
	bytes := 0
	for b.Loop() {
		r := Report{Cells: make([]CellReport, len(c.cells))}
		read := c.read(now)
		read.tell(&r)
		line, _ := json.Marshal(r)
		bytes = len(line) - len(without)
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N), "%core")
	b.ReportMetric(float64(bytes)/1000, "bytes/reader")
	reading := time.Now()
	for range b.N {
		c.read(now)
	}
	b.ReportMetric(float64(time.Since(reading).Microseconds())/float64(b.N), "µs/reading")
}
