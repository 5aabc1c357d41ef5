package replay_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/record"
	"spillway/server/internal/record/recordtest"
	"spillway/server/internal/replay"
	"spillway/server/internal/run"
	"spillway/server/internal/site"
	"spillway/wasm/wire"
)

var (
	_ site.Control = (*replay.Player)(nil)
	_ site.Replay  = (*replay.Player)(nil)
)

// recording is a made-up run of this length, written and read.
func recording(t testing.TB, length time.Duration) *record.Recording {
	t.Helper()
	var text bytes.Buffer
	r := recordtest.New("RUN1")
	w, err := record.NewWriter(&text, record.HeaderOf(r.View(), "spillway", record.Environment{MaxMemoryBytes: recordtest.MaxMemoryBytes}))
	require.NoError(t, err)
	require.NoError(t, w.Take(r.View(), r.History))
	for range length / recordtest.SampleEvery {
		require.NoError(t, w.Take(r.Next(), r.History))
	}
	require.NoError(t, w.End(record.Completed, ""))
	rec, err := record.Read(&text, recordtest.Options)
	require.NoError(t, err)
	return rec
}

// playing is a Player and the views that a page got, with their times.
type playing struct {
	*replay.Player
	mu    sync.Mutex // Changed comes from the timer and from whoever moves the Player
	start time.Time
	views []run.View
	times []time.Duration
}

func play(rec *record.Recording) *playing {
	p := &playing{start: time.Now()}
	p.Player = replay.New(rec, replay.Options{Changed: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.views = append(p.views, p.View())
		p.times = append(p.times, time.Since(p.start))
	}})
	return p
}

// reset forgets what the page got.
func (p *playing) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start, p.views, p.times = time.Now(), nil, nil
}

func TestThePace(t *testing.T) {
	rec := recording(t, 30*time.Second)
	for speed, views := range map[float64]int{0.25: 5, 0.5: 10, 1: 20, 2: 20, 4: 20, 8: 20} {
		synctest.Test(t, func(t *testing.T) {
			p := play(rec)
			require.NoError(t, p.SetSpeed(speed))
			p.Start()
			p.reset()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			require.Len(t, p.views, views, "speed %v", speed)
			for i, v := range p.views {
				require.Equal(t, time.Duration(float64(p.times[i])*speed), v.Elapsed, "speed %v, view %d", speed, i)
			}
			require.Equal(t, time.Duration(2*speed)*time.Second+time.Duration(speed*2e9)%time.Second, p.State().At)
			p.Stop()
		})
	}
}

func TestPauseAndGoOn(t *testing.T) {
	rec := recording(t, 10*time.Second)
	synctest.Test(t, func(t *testing.T) {
		p := play(rec)
		require.Equal(t, replay.State{Length: 10 * time.Second, Speed: 1, Jumps: p.State().Jumps}, p.State(), "it begins paused")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, p.views)

		p.Start()
		p.Start()
		time.Sleep(1250 * time.Millisecond)
		p.Stop()
		p.Stop()
		at := p.State().At
		require.Equal(t, 1250*time.Millisecond, at)
		require.Equal(t, 1200*time.Millisecond, p.View().Elapsed)
		require.False(t, p.State().Playing)
		p.reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, p.views)
		require.Equal(t, at, p.State().At)

		p.Start()
		require.True(t, p.State().Playing)
		p.reset()
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		require.Len(t, p.views, 1, "what was left to wait for")
		require.Equal(t, 1300*time.Millisecond, p.views[0].Elapsed)
		p.Stop()
	})
}

func TestTheEndAndAgain(t *testing.T) {
	rec := recording(t, 3*time.Second)
	synctest.Test(t, func(t *testing.T) {
		p := play(rec)
		p.Start()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, replay.State{At: 3 * time.Second, Length: 3 * time.Second, Speed: 1, Jumps: p.State().Jumps}, p.State())
		require.Equal(t, 3*time.Second, p.View().Elapsed)
		before := p.View()
		p.Start()
		require.Zero(t, p.State().At)
		require.True(t, p.State().Playing)
		require.NotEqual(t, before.Marks, p.View().Marks, "the page gets its curves anew")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 3*time.Second, p.State().At)
		p.Reset()
		require.Zero(t, p.State().At)
		require.False(t, p.State().Playing)
	})
}

func TestSeek(t *testing.T) {
	rec := recording(t, time.Minute)
	synctest.Test(t, func(t *testing.T) {
		p := play(rec)
		versions, marks := make(map[uint64]bool), make(map[uint64]bool)
		for i, at := range []time.Duration{30 * time.Second, 10 * time.Second, 10 * time.Second, -5, time.Hour, 59_999 * time.Millisecond, 1 << 62, -1 << 62} {
			p.Seek(at)
			require.Len(t, p.views, i+1, "it says so at once")
			want := min(max(at, 0), time.Minute)
			require.Equal(t, want, p.State().At)
			v := p.View()
			require.Equal(t, want.Truncate(recordtest.SampleEvery), v.Elapsed)
			versions[v.Version], marks[v.Marks] = true, true
			require.Equal(t, time.Now().UnixMicro(), v.Sample.TakenAtMicros, "a fresh look")
			for k, h := range p.History().Lanes {
				if len(h.Points) > 0 {
					require.Less(t, h.Points[len(h.Points)-1].ElapsedMicros, uint64(v.Elapsed.Microseconds())+1)
				}
				require.Equal(t, rec.Moments[0].Lanes[k].Name, v.Lanes[k].Name)
			}
		}
		require.Len(t, versions, 8)
		require.Len(t, marks, 8)

		p.Start() // from the beginning
		p.Seek(20 * time.Second)
		p.reset()
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, p.views, 10)
		require.Equal(t, 21*time.Second, p.views[9].Elapsed)
		require.NoError(t, p.SetSpeed(8))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 29*time.Second, p.State().At)
		p.Stop()
	})
}

func TestSpeedsAreThoseThereAre(t *testing.T) {
	p := replay.New(recording(t, time.Second), replay.Options{})
	for _, speed := range []float64{0, -1, 3, 16, 0.1} {
		require.ErrorIs(t, p.SetSpeed(speed), replay.ErrSpeed)
	}
	require.EqualValues(t, 1, p.State().Speed)
	for _, speed := range replay.Speeds {
		require.NoError(t, p.SetSpeed(speed))
		require.Equal(t, speed, p.State().Speed)
	}
}

func TestTheCurvesUpToAMoment(t *testing.T) {
	rec := recording(t, 310*time.Second)
	p := replay.New(rec, replay.Options{})
	p.Seek(recordtest.DiesAt + 4*time.Second)
	h := p.History()
	require.Len(t, h.Lanes, 4)
	require.Len(t, h.Lanes[0].Points, 400, "push died at 40 s")
	require.Len(t, h.Lanes[1].Points, 441)
	marks := h.Lanes[0].Marks
	require.Equal(t, "exit 137", marks[len(marks)-1].Label)
	require.Equal(t, uint64(recordtest.DiesAt.Microseconds()), marks[len(marks)-1].ElapsedMicros)
	v := p.View()
	require.Equal(t, recordtest.DiesAt, v.Lanes[0].Exit.At.Sub(v.StartedAt))

	p.Seek(recordtest.DiesAt - time.Second)
	h = p.History()
	require.Len(t, h.Lanes[0].Points, 391)
	for _, m := range h.Lanes[0].Marks {
		require.NotEqual(t, "exit 137", m.Label, "it has not happened yet")
	}

	p.Seek(time.Hour)
	h = p.History()
	require.Len(t, h.Lanes[1].Points, 3000)
	require.Equal(t, uint64((310 * time.Second).Microseconds()), h.Lanes[1].Points[2999].ElapsedMicros)
	require.Len(t, h.Lanes[0].Points, 300, "what of it is younger than five minutes")
}

func TestAGhostIsSeenFromItsBeginning(t *testing.T) {
	p := replay.New(recording(t, 20*time.Second), replay.Options{})
	p.Seek(recordtest.GhostsAt - time.Second)
	require.Empty(t, p.History().Lanes[0].Ghost)
	p.Seek(recordtest.GhostsAt)
	require.Len(t, p.History().Lanes[0].Ghost, 3)
	require.Empty(t, p.History().Lanes[1].Ghost)
}

func TestWhereToJump(t *testing.T) {
	p := replay.New(recording(t, time.Minute), replay.Options{})
	require.Equal(t, []replay.Jump{
		{At: 15 * time.Second, Label: "throttle: 4KB/s", Kind: replay.JumpStep},
		{At: 30 * time.Second, Label: "throttle: 4KB/s", Kind: replay.JumpStep},
		{At: 40 * time.Second, Label: "push was killed at 257 MiB: exit code 137.", Kind: replay.JumpGrave},
		{At: 45 * time.Second, Label: "throttle: 4KB/s", Kind: replay.JumpStep},
		{At: 60 * time.Second, Label: "throttle: 4KB/s", Kind: replay.JumpStep},
	}, p.State().Jumps)

	rec := recording(t, time.Minute)
	rec.Log = nil
	for i := range rec.Moments {
		rec.Moments[i].Script.Steps = nil
	}
	var marks []string
	for _, j := range replay.New(rec, replay.Options{}).State().Jumps {
		require.Equal(t, replay.JumpMark, j.Kind)
		marks = append(marks, j.Label)
	}
	require.Equal(t, []string{"slowed to 4 KB/s", "slowed to 4 KB/s", "exit 137", "slowed to 4 KB/s", "slowed to 4 KB/s"}, marks, "one for all lanes")
}

func TestNothingCanBeReadOrChanged(t *testing.T) {
	rec := recording(t, time.Second)
	p := replay.New(rec, replay.Options{})
	for _, l := range p.View().Lanes {
		require.Zero(t, l.PID)
		require.Zero(t, l.Port)
	}
	require.NotZero(t, rec.Moments[0].Lanes[0].PID, "the recording itself stays as it is")
	for _, err := range []error{
		p.Patch(run.Patch{}), p.Play(script.Scenario{}, true), p.PlaySteps(), p.Continue(), p.StopSteps(),
		p.RestartLane("push"), p.Reader(1, wire.Reader{Lane: "push"}),
	} {
		require.ErrorIs(t, err, replay.ErrReplay)
	}
	before := p.State()
	p.Wake()
	p.Join()()
	p.ReaderGone(1)
	require.Equal(t, before, p.State())
}

// TestEverybodyAtOnce is for the race detector.
func TestEverybodyAtOnce(t *testing.T) {
	rec := recording(t, 10*time.Second)
	var p *replay.Player
	var told atomic.Int64
	p = replay.New(rec, replay.Options{Changed: func() {
		told.Add(1)
		p.View()
	}})
	require.NoError(t, p.SetSpeed(8))
	var all sync.WaitGroup
	for _, do := range []func(){
		p.Start, p.Stop, p.Reset, func() { p.Seek(5 * time.Second) }, func() { _ = p.SetSpeed(4) },
		func() { p.View() }, func() { p.History() }, func() { p.State() },
	} {
		all.Go(func() {
			for range 50 {
				do()
			}
		})
	}
	all.Wait()
	p.Stop()
	require.Positive(t, told.Load())
}

// BenchmarkSeek is a seek anywhere in half an hour of four lanes, and what a
// page gets after it.
func BenchmarkSeek(b *testing.B) {
	rec := recording(b, 30*time.Minute)
	p := replay.New(rec, replay.Options{})
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		p.Seek(time.Duration(i*7919%1800) * time.Second)
		view, history, state := p.View(), p.History(), p.State()
		if view.Elapsed != state.At || len(history.Lanes) != 4 {
			b.Fatal("elsewhere")
		}
	}
}
