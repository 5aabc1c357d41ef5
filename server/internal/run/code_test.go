package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/supervisor"
	"spillway/wasm/wire"
)

func TestALaneIsToldOnceToLook(t *testing.T) {
	var l looking
	first, second := new(supervisor.Process), new(supervisor.Process)
	told := func(proc *supervisor.Process, on bool) (code, anyway, ok bool) {
		c, ok := l.tell(proc, on)
		return is(c.Code), is(c.CodeAnyway), ok
	}
	_, _, ok := told(first, false)
	require.False(t, ok, "it does not look before it is told to")
	code, anyway, ok := told(first, true)
	require.True(t, ok && code && !anyway)
	_, _, ok = told(first, true)
	require.False(t, ok)

	l.take(&lane.Code{Goroutines: 7})
	l.take(nil) // nine reports of ten
	require.Equal(t, uint64(7), l.code.Goroutines)
	l.anyway = true
	code, anyway, ok = told(first, true)
	require.True(t, ok && code && anyway)
	require.NotNil(t, l.code)

	code, anyway, ok = told(second, true)
	require.True(t, ok && code && anyway, "the next process knows nothing")
	require.Nil(t, l.code, "and has not looked")

	l.take(&lane.Code{Goroutines: 8})
	code, _, ok = told(second, false)
	require.True(t, ok)
	require.False(t, code)
	require.Nil(t, l.code)
	l.take(&lane.Code{Goroutines: 9}) // was under way
	require.Nil(t, l.code)
	_, _, ok = told(nil, false)
	require.False(t, ok)
}

func TestLanesLookWhileSomebodyWatchesOrHasAsked(t *testing.T) {
	s := newTestSession(t, lesson())
	now := time.Now()
	push, pull := s.lane("push"), s.lane("pull")
	looks := func() (out [2]bool) {
		s.lookIntoLanes(now)
		return [2]bool{is(push.look.told.Code), is(pull.look.told.Code)}
	}
	require.Equal(t, [2]bool{false, false}, looks(), "nobody is there")
	require.NoError(t, s.c.Look("pull"))
	require.Equal(t, [2]bool{false, true}, looks())
	now = now.Add(lookFor + time.Second)
	require.Equal(t, [2]bool{false, false}, looks())
	s.c.viewers = 1
	require.Equal(t, [2]bool{true, true}, looks())
	push.state = wire.StateKilled
	require.Equal(t, [2]bool{false, true}, looks(), "there is no process")

	require.NoError(t, s.c.LookAnyway("pull"))
	looks()
	require.True(t, is(pull.look.told.CodeAnyway))
	require.ErrorIs(t, s.c.Look("none"), ErrNoLane)
	s.finish(wire.StateStopped)
	require.ErrorIs(t, s.c.LookAnyway("pull"), ErrNotRunning)
}
