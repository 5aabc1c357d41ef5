package record_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/record"
	"spillway/server/internal/record/recordtest"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

func header(r *recordtest.Run) record.Header {
	return record.HeaderOf(r.View(), "spillway", record.Environment{MaxMemoryBytes: recordtest.MaxMemoryBytes})
}

// store is one in a folder of its own, and what it logs.
func store(t *testing.T, o record.StoreOptions) (s *record.Store, dir string, log *bytes.Buffer) {
	t.Helper()
	dir, log = filepath.Join(t.TempDir(), "runs"), new(bytes.Buffer)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	s, err := record.OpenStore(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, dir, log
}

func open(t *testing.T, s *record.Store, id string) (*record.Recording, record.Info) {
	t.Helper()
	in, info, err := s.Open(id)
	require.NoError(t, err)
	text, err := io.ReadAll(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return read(t, text), info
}

func TestARunIsReadWhileItIsWritten(t *testing.T) {
	s, _, _ := store(t, record.StoreOptions{})
	r := recordtest.New("RUN1")
	w, err := s.Begin(header(r))
	require.NoError(t, err)
	w.Take(r.View(), r.History)
	for range 30 {
		w.Take(r.Next(), r.History)
	}
	rec, info := open(t, s, "RUN1")
	require.Len(t, rec.Moments, 31)
	require.Equal(t, record.Torn, rec.Ending)
	require.True(t, info.Live)
	require.Equal(t, 3*time.Second, info.Length)
	require.Equal(t, "made-up", info.Scenario)
	require.Equal(t, "A made-up run", info.Title)
	require.True(t, recordtest.StartedAt.Equal(info.StartedAt))

	w.End(record.Failed, "it could not go on")
	w.Take(r.Next(), r.History) // is for nobody
	rec, info = open(t, s, "RUN1")
	require.Len(t, rec.Moments, 31)
	require.Equal(t, record.Failed, rec.Ending)
	require.Equal(t, "it could not go on", rec.Why)
	require.False(t, info.Live)
	require.Equal(t, record.Failed, info.Ending)
	require.Equal(t, []record.Info{info}, s.List())
}

func TestTheNewestPartOfALongRunIsKept(t *testing.T) {
	const most = 1 << 20
	s, dir, log := store(t, record.StoreOptions{MaxRunBytes: most})
	r := recordtest.New("RUN1")
	w, err := s.Begin(header(r))
	require.NoError(t, err)
	w.Take(r.View(), r.History)
	var views []run.View
	for range 2000 {
		views = append(views, r.Next())
		w.Take(r.View(), r.History)
	}
	rec, info := open(t, s, "RUN1")
	w.End(record.Stopped, "")
	require.Empty(t, log.String())
	require.Less(t, info.Bytes, int64(most+9*(4<<10)), "and a header for each piece")
	pieces, err := filepath.Glob(filepath.Join(dir, "RUN1", "*.ndjson"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(pieces), 8)
	require.Less(t, len(rec.Moments), 2000)
	require.Greater(t, len(rec.Moments), 400)
	kept := views[len(views)-len(rec.Moments):]
	for i := range kept {
		require.Equal(t, withoutAges(kept[i]), withoutAges(rec.Moments[i]), "moment %d", i)
	}
	require.Equal(t, r.History().Lanes, rec.Marks, "also those of before")
	for _, piece := range pieces {
		text, err := os.ReadFile(piece)
		require.NoError(t, err)
		require.NotEmpty(t, read(t, text).Moments, "each piece can be read alone")
	}
}

func TestOldRunsGo(t *testing.T) {
	s, dir, _ := store(t, record.StoreOptions{MaxRuns: 3})
	for i, id := range []string{"A", "B", "C", "D", "E"} {
		r := recordtest.New(id)
		w, err := s.Begin(header(r))
		require.NoError(t, err)
		w.Take(r.Next(), nil)
		if id == "B" {
			continue // is not ended: somebody may be at it
		}
		w.End(record.Stopped, "")
		at := time.Now().Add(time.Duration(i-10) * time.Second)
		require.NoError(t, os.Chtimes(filepath.Join(dir, id, "000001.ndjson"), at, at))
	}
	var ids []string
	for _, info := range s.List() {
		ids = append(ids, info.ID)
	}
	require.ElementsMatch(t, []string{"B", "D", "E"}, ids)
}

func TestWhatIsNotOursStays(t *testing.T) {
	s, dir, _ := store(t, record.StoreOptions{MaxRuns: 1})
	r := recordtest.New("A")
	w, err := s.Begin(header(r))
	require.NoError(t, err)
	w.Take(r.Next(), nil)
	w.End(record.Stopped, "")
	note := filepath.Join(dir, "A", "note.txt")
	require.NoError(t, os.WriteFile(note, []byte("mine"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "elsewhere.d"), 0o700))
	_, err = s.Begin(header(recordtest.New("B")))
	require.NoError(t, err)
	require.FileExists(t, note)
	require.DirExists(t, filepath.Join(dir, "elsewhere.d"))
}

func TestNamesAreChecked(t *testing.T) {
	s, dir, _ := store(t, record.StoreOptions{})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..", "000001.ndjson"), []byte("{}\n"), 0o600))
	for _, id := range []string{"", ".", "..", "../runs", "a/b", `a\b`, "A\x00", strings.Repeat("A", 33), "nothing"} {
		_, _, err := s.Open(id)
		require.ErrorIs(t, err, record.ErrNoRun, "%q", id)
		require.ErrorIs(t, err, fs.ErrNotExist, "%q", id)
		if id == "nothing" {
			continue
		}
		_, err = s.Begin(record.Header{RunID: id})
		require.Error(t, err, "%q", id)
	}
	r := recordtest.New("A")
	_, err := s.Begin(header(r))
	require.NoError(t, err)
	_, err = s.Begin(header(r))
	require.ErrorContains(t, err, "begin the recording", "two of one name")
}

func TestAnErrorOfTheDiskIsSaidOnce(t *testing.T) {
	s, dir, log := store(t, record.StoreOptions{MaxRunBytes: 256 << 10})
	r := recordtest.New("RUN1")
	w, err := s.Begin(header(r))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "RUN1")))
	for range 400 {
		w.Take(r.Next(), r.History)
	}
	w.End(record.Stopped, "")
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "the run goes on")
	require.Empty(t, s.List())
}

func TestItIsOnTheDiskWithinASecond(t *testing.T) {
	s, dir, _ := store(t, record.StoreOptions{})
	synctest.Test(t, func(t *testing.T) {
		r := recordtest.New("RUN1")
		w, err := s.Begin(header(r))
		require.NoError(t, err)
		w.Take(r.View(), nil)
		text := func() string {
			text, err := os.ReadFile(filepath.Join(dir, "RUN1", "000001.ndjson"))
			require.NoError(t, err)
			return string(text)
		}
		require.Empty(t, text())
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, lines([]byte(text())), 2)
		w.End(record.Stopped, "")
		require.True(t, strings.HasSuffix(text(), `"end":{"ending":"stopped"}}`+"\n"))
	})
}

func TestARecorderFollowsTheRuns(t *testing.T) {
	s, _, log := store(t, record.StoreOptions{})
	synctest.Test(t, func(t *testing.T) {
		first, second := recordtest.New("FIRST"), recordtest.New("SECOND")
		now := first
		rec := record.NewRecorder(record.RecorderOptions{
			Store:       s,
			Environment: record.Environment{MaxMemoryBytes: recordtest.MaxMemoryBytes},
			Command:     func(v run.View) string { return "spillway " + v.Scenario.Name },
			History:     func() wire.History { return now.History() },
			Log:         slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			rec.Run(ctx)
		}()
		rec.Take(run.View{}) // before the first run
		for range 20 {
			rec.Take(first.Next())
			synctest.Wait()
		}
		now = second
		stopped := second.View()
		rec.Take(stopped)
		stopped.State, stopped.Elapsed = wire.StateStopped, time.Second
		rec.Take(stopped)
		synctest.Wait()
		stopped.State, stopped.Elapsed = wire.StateRest, 2*time.Second
		rec.Take(stopped)
		third := recordtest.New("THIRD")
		rec.Take(third.View())
		synctest.Wait()
		for range 100 {
			rec.Take(third.Next()) // nobody writes meanwhile
		}
		synctest.Wait()
		rec.Take(third.Next())
		synctest.Wait()
		cancel()
		<-done
	})
	require.Empty(t, log.String())
	one, _ := open(t, s, "FIRST")
	require.Len(t, one.Moments, 20)
	require.Equal(t, record.Stopped, one.Ending)
	require.Equal(t, "spillway made-up", one.Header.Command)
	two, info := open(t, s, "SECOND")
	require.Len(t, two.Moments, 2)
	require.Equal(t, wire.StateStopped, two.Moments[1].State)
	require.False(t, info.Live)
	three, _ := open(t, s, "THIRD")
	require.NotEmpty(t, three.Remarks)
	require.Contains(t, three.Remarks[0], "moments are missing here")
}
