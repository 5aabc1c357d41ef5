package play_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/play"
)

func TestWords(t *testing.T) {
	first := at(0, script.Step{})
	for _, c := range []struct {
		step       script.Step
		when, what string
	}{
		{at(0, script.Step{}), "at the start", "nothing"},
		{at(1500*time.Millisecond, script.Step{Reveal: true}), "at 1.5 s", "shows the answer"},
		{at(119*time.Second, script.Step{Restart: "push"}), "at 119 s", "restart push"},
		{at(2*time.Minute, script.Step{Pause: "presenter"}), "at 2 min", "waits for the presenter"},
		{at(150*time.Second, script.Step{Note: "Ask\n  the room."}), "at 2 min 30 s", "note “Ask the room.”"},
		{after(0, script.Step{Set: &script.Set{}}), "right after", "no change"},
		{after(250*time.Millisecond, script.Step{
			Say: "The servers get the same messages as before, and nobody reads them. Where do they wait?",
		}), "250 ms later", "says “The servers get the same messages as before, and nobody …”"},
		{until(time.Minute, full, script.Step{
			Predict: &script.Predict{Question: "Which server runs out of memory?"}, Reveal: true,
		}), "when rss{lane:push} > 100MiB, at most 60 s", "asks “Which server runs out of memory?”; shows the answer"},
		{until(0, full, script.Step{}), "when rss{lane:push} > 100MiB", "nothing"},
	} {
		v := play.New([]script.Step{first, c.step}, play.Options{}).View()
		require.Equal(t, c.when, v.Steps[1].When)
		require.Equal(t, c.what, v.Steps[1].What)
	}
	v := play.New([]script.Step{after(3*time.Second, script.Step{})}, play.Options{}).View()
	require.Equal(t, "at 3 s", v.Steps[0].When, "there is no step before it")
}

func TestWordsOfSettings(t *testing.T) {
	for want, set := range map[string]script.Set{
		"no throttle":            {Throttle: new(script.NoThrottle)},
		"throttle 0B/s":          {Throttle: new(script.Throttle(0))},
		"throttle 4KiB/s":        {Throttle: new(script.Throttle(4096))},
		"throttle 4001B/s":       {Throttle: new(script.Throttle(4001))},
		"throttle 1.5MB/s":       {Throttle: new(script.Throttle(1_500_000))},
		"throttle 4KB/s, pause":  {Throttle: new(script.Throttle(4000)), Pause: new(true)},
		"resume":                 {Pause: new(false)},
		"rate 0.5/s, size 64KiB": {Workload: &script.SetWorkload{Rate: new(script.Rate(0.5)), Size: new(script.Size(64 << 10))}},
		"keep what is unread":    {Workload: &script.SetWorkload{Retention: new(int64(0))}},
		"keep 1000 messages":     {Workload: &script.SetWorkload{Retention: new(int64(1000))}},
		"healthy: 1 reader; slow: 300 readers, no throttle, resume, hang up": {Readers: map[string]script.SetGroup{
			"slow":    {Count: new(300), Throttle: new(script.NoThrottle), Pause: new(false), Away: new(true)},
			"healthy": {Count: new(1)},
		}},
		"pull: send buffers of the system; push: send buffer 16KiB": {Lanes: map[string]script.SetLane{
			"push": {SendBuffer: new(script.Buffer(16 << 10))},
			"pull": {SendBuffer: new(script.BufferOS)},
		}},
		"pull: keep memory; push: limit 1GiB, give memory back": {Lanes: map[string]script.SetLane{
			"push": {Limit: new(script.Size(1 << 30)), GiveBack: new(true)},
			"pull": {GiveBack: new(false)},
		}},
	} {
		v := play.New([]script.Step{at(time.Second, script.Step{Set: &set})}, play.Options{}).View()
		require.Equal(t, want, v.Steps[0].What)
	}
}
