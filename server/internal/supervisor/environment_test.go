//go:build unix

package supervisor

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEnvironment(t *testing.T) {
	inherited := []string{"PATH=/bin", "GOGC=off", "GOGCX=1", "gomemlimit=1MiB", "GOMEMLIMIT=1GiB", "EMPTY=", "GODEBUG=a=b"}
	require.Equal(t, []string{"PATH=/bin", "GOGCX=1", "EMPTY=", "GODEBUG=a=b"}, environment(inherited, nil))
	require.Equal(t, []string{"PATH=/bin", "GOGCX=1", "EMPTY=", "GODEBUG=a=b", "GOGC=50", "PATH=/opt"},
		environment(inherited, []string{"GOGC=50", "PATH=/opt"}))
	require.Equal(t, "GOGC=off", inherited[1], "the caller's own stays as it is")
}

// What the person's shell says about the collector reaches no child; what the
// Spec says does.
func TestOnlyTheSpecTunesTheCollector(t *testing.T) {
	t.Setenv("GOGC", "37")
	t.Setenv("GOMEMLIMIT", "123MiB")
	t.Setenv("SPILLWAY_TEST", "inherited")
	for name, test := range map[string]struct {
		env       []string
		gcPercent int
		limit     int64
		value     string
	}{
		"nothing":   {nil, 100, math.MaxInt64, "inherited"},
		"both":      {[]string{"GOGC=50", "GOMEMLIMIT=200MiB"}, 50, 200 << 20, "inherited"},
		"off":       {[]string{"GOGC=off"}, -1, math.MaxInt64, "inherited"},
		"something": {[]string{"SPILLWAY_TEST=ours"}, 100, math.MaxInt64, "ours"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec("environment", childConfig{})
			s.Env = append(s.Env, test.env...)
			p := start(t, s)
			var got runtimeSettings
			require.NoError(t, json.Unmarshal(p.ReadyValue(), &got))
			require.Equal(t, test.gcPercent, got.GCPercent)
			require.Equal(t, test.limit, got.MemoryLimitBytes)
			require.Contains(t, got.Environ, "SPILLWAY_TEST="+test.value)
			for _, variable := range test.env {
				require.Contains(t, got.Environ, variable)
			}
		})
	}
}

func TestForeignProgramsHaveTheirEnvironment(t *testing.T) {
	t.Setenv("GOGC", "37")
	s := foreign(`echo "GOGC=$GOGC OURS=$OURS"; exec sleep 1000`)
	s.Env = []string{"OURS=yes"}
	p := start(t, s)
	require.Eventually(t, func() bool { return len(p.LogTail()) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, []string{"GOGC= OURS=yes"}, p.LogTail())
}

// The processor time of an ended process is all it ever used, not what it had
// used when it was last looked at.
func TestTheLastSampleHasAllProcessorTime(t *testing.T) {
	p := start(t, spec("burn", childConfig{}))
	require.NoError(t, p.Send("go"))
	e := ended(t, p)
	require.Equal(t, ReasonFinished, e.Reason)
	require.GreaterOrEqual(t, e.Last.CPU, burnCPU)
	require.Less(t, e.Last.CPU, 10*burnCPU)
	newest, ok := p.Sample()
	require.True(t, ok)
	require.Equal(t, e.Last, newest)
}
