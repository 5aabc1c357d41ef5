package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
)

// told is a world on the way: ten messages, of which some are everywhere.
func told(replayable bool) *world {
	w := newWorld(replayable, false)
	w.connect()
	w.produce(10, 100)
	w.fetch(8)
	w.write(6, nil)
	move(&w.queue, &w.flight, 5, inFlight)
	move(&w.flight, &w.held, 4, inHeld)
	w.read(3)
	return w
}

func TestEveryPlace(t *testing.T) {
	for _, replayable := range []bool{true, false} {
		w := told(replayable)
		text := w.messages[0].text
		var books account.Books
		got, lines := books.Add(w.say())
		require.EqualValues(t, w.end(), got.Produced)
		require.EqualValues(t, w.end()-8*text, got.Broker)
		require.Equal(t, []uint64{2 * text, text, text, text, 3 * text},
			[]uint64{got.Backlog, got.SendQueue, got.InFlight, got.Held, got.Consumed})
		require.Zero(t, got.Gap)
		require.True(t, lines[0].Connected)
		require.Equal(t, 3*text, lines[0].Between())
		require.Equal(t, "slow-0", lines[0].Reader)
	}
}

// What the broker has trimmed is not lost while the lane keeps it for all its
// readers.
func TestTrimmedAndKept(t *testing.T) {
	for _, c := range []struct {
		keeps         bool
		kept, trimmed uint64 // messages
	}{{false, 0, 10}, {true, 0, 8}, {true, 9, 9}, {true, 10, 10}} {
		w := told(true)
		begin := func(message uint64) (position uint64) {
			for _, m := range w.messages[:message] {
				position += m.text
			}
			return position
		}
		said := w.say()
		said.Positions[said.Rows[0].Channel] = account.Position{Begin: w.end(), End: w.end()}
		said.Rows[0].Keeps, said.Rows[0].Kept = c.keeps, begin(c.kept)
		var books account.Books
		got, _ := books.Add(said)
		require.Zero(t, got.Gap)
		require.Equal(t, []uint64{w.end() - begin(c.trimmed), begin(c.trimmed) - begin(8)}, []uint64{got.Broker, got.LostTrimmed})
	}
}

// A write of several events counts when it is done. What the reader has of it by
// then is in one place all the same.
func TestWhatArrivesBeforeTheLaneCountsIt(t *testing.T) {
	w := told(true)
	text := w.messages[0].text
	said := w.say()
	said.Rows[0].Delivered = text // of six; three were read
	var books account.Books
	got, _ := books.Add(said)
	require.Zero(t, got.Gap)
	require.Equal(t, []uint64{5 * text, 0, 0, 0, 3 * text},
		[]uint64{got.Backlog, got.SendQueue, got.InFlight, got.Held, got.Consumed})
}

// Who counts wrong is seen.
func TestWhatDoesNotFit(t *testing.T) {
	t.Run("the lane forgot a message", func(t *testing.T) {
		w := told(true)
		lost := w.backlog[0]
		w.backlog = w.backlog[1:]
		w.fetch(10)
		w.write(10, nil)
		for _, from := range []*[]*message{&w.queue, &w.flight} {
			move(from, &w.held, 10, inHeld)
		}
		w.read(10)
		var books account.Books
		got, _ := books.Add(w.say())
		require.Equal(t, lost.text, got.Backlog, "it stays there")
		require.Zero(t, got.Gap)
	})
	t.Run("one vanished on its way", func(t *testing.T) {
		w := told(true)
		w.flight = nil
		w.write(10, nil)
		move(&w.queue, &w.held, 10, inHeld)
		w.read(10)
		var books account.Books
		got, _ := books.Add(w.say())
		require.Equal(t, w.messages[4].text, got.InFlight, "it stays there")
	})
	t.Run("one came twice", func(t *testing.T) {
		w := told(true)
		w.flight = append(w.flight, w.messages[0])
		w.write(10, nil)
		for _, from := range []*[]*message{&w.queue, &w.flight} {
			move(from, &w.held, 10, inHeld)
		}
		w.read(10)
		var books account.Books
		got, _ := books.Add(w.say())
		require.EqualValues(t, -int64(w.messages[0].text), got.Gap)
	})
	t.Run("the lane wrote one twice", func(t *testing.T) {
		w := told(true)
		w.write(10, nil)
		w.row.Delivered += 100
		var books account.Books
		got, _ := books.Add(w.say())
		require.EqualValues(t, -100, got.Gap)
	})
	t.Run("rows of an earlier second", func(t *testing.T) {
		w := told(true)
		early := w.say()
		w.produce(1, 100)
		w.fetch(10)
		w.write(10, nil)
		move(&w.queue, &w.held, 10, inHeld)
		w.read(10)
		in := w.say()
		in.Rows = early.Rows
		var books account.Books
		got, _ := books.Add(in)
		require.Negative(t, got.Gap)
	})
	t.Run("the producer of an earlier second", func(t *testing.T) {
		w := told(true)
		early := w.say()
		w.produce(5, 100)
		w.fetch(10)
		in := w.say()
		in.Positions = early.Positions
		var books account.Books
		got, _ := books.Add(in)
		require.EqualValues(t, early.Positions["slow-0"].End, w.end()-uint64(-got.Gap))
	})
}

func TestSilentReader(t *testing.T) {
	var books account.Books
	in := account.Instant{
		Positions: map[string]account.Position{"you": {End: 1000}},
		Rows:      []lane.Row{{Channel: "you", Begin: 100, Accepted: 700, Delivered: 500, Dropped: 50, Queue: 120}},
	}
	got, lines := books.Add(in)
	require.EqualValues(t, 900, got.Produced)
	require.EqualValues(t, []uint64{200, 150, 120, 380, 50}, []uint64{got.Broker, got.Backlog, got.SendQueue, got.Consumed, got.LostStrategy})
	require.EqualValues(t, 1, got.Silent)
	require.Zero(t, got.Gap)
	require.Equal(t, account.Unknown, lines[0].Reader)
	require.True(t, lines[0].Silent)

	in.Rows[0].Ended, in.Rows[0].Queue = true, 0
	for range 2 { // what it had stays
		got, lines = books.Add(in)
		require.EqualValues(t, []uint64{550, 500, 50, 0}, []uint64{got.Produced, got.Consumed, got.LostStrategy, got.Silent})
		require.Empty(t, lines)
		in.Rows = nil
	}
}

// Connections of silent readers of a lane that died say no last word.
func TestSilentReadersOfALaneThatDied(t *testing.T) {
	var books account.Books
	row := lane.Row{Channel: "all", Begin: 0, Accepted: 300, Delivered: 200, Queue: 20}
	in := account.Instant{Positions: map[string]account.Position{"all": {End: 300}}, Rows: []lane.Row{row, row}}
	got, _ := books.Add(in)
	require.EqualValues(t, 2, got.Silent)
	in.Rows = nil
	for range 2 {
		got, _ = books.Add(in)
		require.EqualValues(t, []uint64{360, 360, 0}, []uint64{got.Produced, got.Consumed, got.Silent})
		require.Zero(t, got.Gap)
	}
}

// A connection with an id waits for its reader to name it.
func TestConnectionThatNobodyNamesYet(t *testing.T) {
	var books account.Books
	in := account.Instant{
		Positions: map[string]account.Position{"you": {End: 1000}},
		Rows:      []lane.Row{{ID: 7, Channel: "you", Accepted: 700, Delivered: 500}},
	}
	for range 2 {
		got, lines := books.Add(in)
		require.Zero(t, got)
		require.Empty(t, lines)
	}
	got, _ := books.Add(in)
	require.EqualValues(t, 1, got.Silent, "nobody came")

	in.Readers = []account.Reader{{Key: "tab 1", Name: "you (tab)", ID: 7, Channel: "you", To: 400, Text: 400}}
	got, lines := books.Add(in)
	require.Zero(t, got.Silent)
	require.EqualValues(t, []uint64{1000, 400}, []uint64{got.Produced, got.Consumed}, "counted twice")
	require.Equal(t, "you (tab)", lines[0].Reader)
}

func TestReadersThatWereTakenAway(t *testing.T) {
	w := told(true)
	w.drop(1, false)
	var books account.Books
	books.Add(w.say())
	w.produce(5, 100)
	w.fetch(100)
	w.write(100, nil)
	for _, from := range []*[]*message{&w.queue, &w.flight} {
		move(from, &w.held, 100, inHeld)
	}
	w.read(100)
	text, missed := w.reader.Text, w.messages[6].text
	in := w.say()
	in.Readers, in.LeftText, in.LeftMissed = nil, text, missed
	for range 2 {
		got, _ := books.Add(in)
		require.EqualValues(t, []uint64{text + missed, text, missed}, []uint64{got.Produced, got.Consumed, got.LostStrategy})
		require.Zero(t, got.Gap)
		in.Rows = nil
	}
	// A new one in the same place begins anew, and the other stays.
	again := newWorld(true, false)
	again.ids = 40
	again.connect()
	again.produce(1, 50)
	again.fetch(1)
	next := again.say()
	next.LeftText, next.LeftMissed = text, missed
	got, _ := books.Add(next)
	require.EqualValues(t, []uint64{text, again.end(), missed}, []uint64{got.Consumed, got.Backlog, got.LostStrategy})
	require.Zero(t, got.Gap)
}

// Of a crowd that ended and was started again the counters begin anew.
func TestCrowdThatBeganAnew(t *testing.T) {
	w := told(true)
	var books account.Books
	books.Add(w.say())
	text := w.reader.Text
	in := w.say()
	in.Rows, in.Readers[0] = nil, account.Reader{Key: "slow-0", Channel: "slow-0"}
	got, _ := books.Add(in)
	require.EqualValues(t, []uint64{text, text}, []uint64{got.Produced, got.Consumed})
	require.Zero(t, got.Gap)
}

func TestProducerThatSaysNothing(t *testing.T) {
	w := told(true)
	var books account.Books
	first, _ := books.Add(w.say())
	in := w.say()
	in.Positions = nil
	got, _ := books.Add(in)
	require.Equal(t, first, got)
	w.produce(1, 100)
	w.fetch(100)
	in = w.say()
	in.Positions = nil
	got, _ = books.Add(in)
	require.Zero(t, got.Broker)
	require.Zero(t, got.Gap)
}

func TestUnseen(t *testing.T) {
	w := told(true)
	in := w.say()
	in.Rows[0].Unseen, in.Rows[0].Queue = true, 0
	var books account.Books
	got, _ := books.Add(in)
	require.EqualValues(t, 1, got.Unseen)
	require.EqualValues(t, 0, got.SendQueue)
	require.EqualValues(t, 2*w.messages[0].text, got.InFlight)
	require.Zero(t, got.Gap)
}
