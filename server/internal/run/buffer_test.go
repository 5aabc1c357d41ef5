package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
)

func TestALaneBeginsWithItsSendBuffer(t *testing.T) {
	for written, want := range map[script.Buffer]int{0: 64 << 10, 16 << 10: 16 << 10, script.BufferOS: -1} {
		scenario := lesson()
		scenario.Lanes[0].SendBuffer = written
		s := newTestSession(t, scenario)
		require.Equal(t, want, s.settings.Lanes["push"].SendBufferBytes)
	}
}

// TestAStepChangesTheSendBuffer of one lane: the lane is told, the log and the
// curve say so, and a lane that is started again begins with it.
func TestAStepChangesTheSendBuffer(t *testing.T) {
	s := newTestSession(t, lesson())
	buffer := script.Buffer(16 << 10)
	require.NoError(t, stage{s}.Set(script.Set{Lanes: map[string]script.SetLane{"push": {SendBuffer: &buffer}}}))
	require.Equal(t, 16<<10, *s.laneCommand(s.lanes[0]).SendBufferBytes)
	require.Equal(t, 64<<10, *s.laneCommand(s.lanes[1]).SendBufferBytes)
	require.Contains(t, s.texts(), "push has send buffers of 16.0 KiB now.")
	require.Equal(t, "send buffers 16.0 KiB", s.lanes[0].marks[len(s.lanes[0].marks)-1].Label)
	require.Empty(t, s.lanes[1].marks)

	buffer = script.BufferOS
	require.NoError(t, stage{s}.Set(script.Set{Lanes: map[string]script.SetLane{"push": {SendBuffer: &buffer}}}))
	require.Equal(t, -1, *s.laneCommand(s.lanes[0]).SendBufferBytes)
	require.Contains(t, s.texts(), "push leaves the send buffers of those that connect from now on to the system. Open connections keep theirs.")
}
