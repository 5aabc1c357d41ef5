package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/crowd"
	"spillway/server/internal/lane"
	"spillway/server/internal/producer"
	"spillway/server/internal/supervisor"
	"spillway/wasm/wire"
)

// told is a session whose processes all live, and say what they are made to.
type told struct{ *session }

func newTold(t *testing.T) told {
	s := newTestSession(t, lesson())
	s.producing, s.crowding = new(supervisor.Process), new(supervisor.Process)
	return told{s}
}

func (s told) producerSays(at int64, end uint64) {
	s.takeProducer(producer.Report{PositionsAt: at, Positions: map[string]producer.Position{"slow-0": {End: end}, "you": {End: end}}})
}

func (s told) crowdSays(at int64, rows ...crowd.Row) {
	r := crowd.Report{Cells: []crowd.CellReport{
		{Lane: "push", Group: "slow", RowsAt: at, Rows: rows, Left: crowd.Row{To: 50, Text: 40}},
		{Lane: "pull", Group: "slow", RowsAt: at},
	}}
	s.takeCrowd(r)
	s.takeReaders(r)
}

func (s told) laneSays(name string, at int64, rows ...lane.Row) {
	r := lane.Report{RowsAt: at, Rows: rows}
	s.lane(name).take(r)
	s.takeRows(s.lane(name), r)
}

func (s told) account(name string) wire.Account { return s.laneSample(s.lane(name)).Account }

func TestAccountWaitsUntilEverybodyHasSpoken(t *testing.T) {
	s := newTold(t)
	reader := crowd.Row{ID: 7, Channel: "slow-0", To: 300, Text: 300}
	row := lane.Row{ID: 7, Channel: "slow-0", Accepted: 700, Delivered: 500, Queue: 80}
	s.crowdSays(100, reader)
	s.producerSays(100, 1000)
	require.Zero(t, s.account("push"))
	s.laneSays("push", 100, row)
	want := wire.Account{Produced: 1050, Broker: 300, Backlog: 200, SendQueue: 80, InFlight: 120, Consumed: 340, LostLeft: 10}
	require.Equal(t, want, s.account("push"), "now everybody has")
	require.Zero(t, s.account("pull"))

	reader.To, reader.Text = 400, 400
	s.laneSays("push", 101, row)
	s.producerSays(101, 1100)
	require.Equal(t, want, s.account("push"))
	s.crowdSays(102, reader)
	s.crowdSays(101, reader)
	got := s.account("push")
	require.EqualValues(t, []uint64{1150, 440, 20}, []uint64{got.Produced, got.Consumed, got.InFlight})

	s.producerSays(102, 1200) // the lane has not spoken of it
	require.Equal(t, got, s.account("push"))
	lines, err := s.c.Readers("push")
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.Equal(t, "slow-0", lines[0].Reader)
	require.True(t, lines[0].Connected)
}

// A lane that died is not waited for, and says nothing more: what was in it is
// lost where nobody keeps it.
func TestAccountOfALaneThatDied(t *testing.T) {
	s := newTold(t)
	reader := crowd.Row{ID: 7, Channel: "slow-0", To: 300, Text: 300}
	s.crowdSays(100, reader)
	s.producerSays(100, 1000)
	s.laneSays("push", 100, lane.Row{ID: 7, Channel: "slow-0", Accepted: 700, Delivered: 500})
	s.laneEnded(s.lane("push"), killed())

	reader.ID = 0
	s.crowdSays(101, reader)
	s.producerSays(101, 1100)
	require.Equal(t, wire.Account{Produced: 1150, Consumed: 340, LostBroker: 400, LostLeft: 400 + 10}, s.account("push"))

	push := s.lane("push")
	push.startAgain()
	s.crowdSays(102, reader)
	s.producerSays(102, 1200)
	s.laneSays("push", 102)
	require.EqualValues(t, 500, s.account("push").LostBroker)
}

// Rows that do not fit into one report come in several.
func TestRowsInParts(t *testing.T) {
	s := newTold(t)
	s.crowdSays(100, crowd.Row{ID: 7, Channel: "slow-0", To: 300, Text: 300}, crowd.Row{Number: 1, ID: 8, Channel: "slow-0"})
	s.producerSays(100, 1000)
	push := s.lane("push")
	for i, id := range []uint64{7, 8} {
		require.Zero(t, s.account("push"))
		s.takeRows(push, lane.Report{RowsAt: 100, RowsMore: i == 0, Rows: []lane.Row{{ID: id, Channel: "slow-0", Accepted: 700, Delivered: 500}}})
	}
	require.Equal(t, wire.Account{Produced: 2050, Broker: 600, Backlog: 400, InFlight: 700, Consumed: 340, LostLeft: 10}, s.account("push"))
}

// An account that is no more the present one is none.
func TestAccountThatBecameOld(t *testing.T) {
	s := newTold(t)
	s.crowdSays(100)
	s.producerSays(100, 1000)
	s.laneSays("push", 100, lane.Row{Channel: "slow-0", Accepted: 700, Delivered: 500})
	for at := int64(101); at <= 100+keptSeconds; at++ {
		s.producerSays(at, 1000)
		s.laneSays("push", at)
		require.NotZero(t, s.account("push"))
	}
	s.producerSays(101+keptSeconds, 1000)
	require.Zero(t, s.account("push"))
	s.laneSays("push", 101+keptSeconds)
	s.crowdSays(101 + keptSeconds)
	require.NotZero(t, s.account("push"))
}

// What a connection said last is not lost with a second that is in no account.
func TestLastRowsAreKept(t *testing.T) {
	s := newTold(t)
	reader := crowd.Row{ID: 7, Channel: "slow-0", To: 300, Text: 300}
	row := lane.Row{ID: 7, Channel: "slow-0", Accepted: 700, Delivered: 500, Dropped: 60}
	s.crowdSays(100, reader)
	s.producerSays(100, 1000)
	s.laneSays("push", 100, row)
	row.Ended, row.Dropped = true, 90
	s.laneSays("push", 101, row) // of 101 nobody else speaks
	s.laneSays("push", 102)
	reader.ID = 0
	s.crowdSays(102, reader)
	s.producerSays(102, 1000)
	got := s.account("push")
	require.EqualValues(t, []uint64{90, 700 - 90 - 300 + 10, 300}, []uint64{got.LostStrategy, got.LostLeft, got.LostBroker})
}

func TestAccountOfTabs(t *testing.T) {
	s := newTold(t)
	at := func(second int64) {
		s.crowdSays(second)
		s.laneSays("push", second, lane.Row{ID: 9, Channel: "you", Accepted: 700, Delivered: 700})
		s.producerSays(second, 1000)
	}
	require.NoError(t, s.c.Reader(3, wire.Reader{Lane: "push", ID: 9, From: 0, To: 600, Text: 550, Held: 20, Gaps: 1}))
	at(100)
	got := s.account("push")
	require.EqualValues(t, []uint64{1050, 300, 20, 130, 590, 0}, []uint64{got.Produced, got.Broker, got.Held, got.InFlight, got.Consumed, got.Silent})
	lines, err := s.c.Readers("push")
	require.NoError(t, err)
	require.Equal(t, youName, lines[0].Reader)
	require.EqualValues(t, 1, lines[0].Gaps)

	s.c.ReaderGone(3)
	s.crowdSays(101)
	s.laneSays("push", 101)
	s.producerSays(101, 1000)
	require.Equal(t, wire.Account{Produced: 650, Consumed: 590, LostLeft: 60}, s.account("push"))
}

func TestReadersOfNothing(t *testing.T) {
	s := newTold(t)
	_, err := s.c.Readers("other")
	require.ErrorIs(t, err, ErrNoLane)
	lines, err := s.c.Readers("push")
	require.NoError(t, err)
	require.Empty(t, lines)
	s.c.session = nil
	_, err = s.c.Readers("push")
	require.ErrorIs(t, err, ErrNotRunning)
}

func TestConnectionsAreWatchedWhileSomebodyAsks(t *testing.T) {
	s := newTold(t)
	push, now := s.lane("push"), time.Now()
	first, second := new(supervisor.Process), new(supervisor.Process)
	s.laneSays("push", 100, lane.Row{ID: 7, Channel: "slow-0", Accepted: 5})
	s.crowdSays(100, crowd.Row{ID: 7, Channel: "slow-0"})
	s.producerSays(100, 10)

	_, ok := push.watch.tell(first, now, true)
	require.False(t, ok, "nobody asks")
	s.c.Watch("other", []uint64{7})
	s.c.Watch("push", append([]uint64{0, 7}, make([]uint64, lane.MaxWatched)...))
	c, ok := push.watch.tell(first, now, true)
	require.True(t, ok)
	require.Equal(t, []uint64{7}, *c.Watch)
	_, ok = push.watch.tell(first, now, true)
	require.False(t, ok, "it has been told")

	push.take(lane.Report{Watched: []lane.Row{{ID: 7, Channel: "slow-0", Accepted: 6}}})
	lines, err := s.c.Readers("push")
	require.NoError(t, err)
	require.EqualValues(t, 6, lines[0].Accepted)
	require.EqualValues(t, 5, push.account.lines[0].Accepted, "the account is of one instant")

	_, ok = push.watch.tell(second, now, true)
	require.True(t, ok, "the next process knows nothing")
	c, ok = push.watch.tell(second, now.Add(2*watchFor), true)
	require.True(t, ok)
	require.Empty(t, *c.Watch)
	require.NotNil(t, *c.Watch, "nil would change nothing")
	lines, err = s.c.Readers("push")
	require.NoError(t, err)
	require.EqualValues(t, 5, lines[0].Accepted)
}
