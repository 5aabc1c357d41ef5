package model_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/require"

	"spillway/wasm/internal/model"
	"spillway/wasm/throttle"
)

func TestPatchSaysTheNewestOfEverySetting(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*model.Patch)
		want   string
	}{
		{"nothing", func(*model.Patch) {}, `{}`},
		{"throttle", func(p *model.Patch) { p.Throttle(4_000) }, `{"throttleBytesPerSecond":4000}`},
		{"stopped", func(p *model.Patch) { p.Throttle(throttle.Stopped) }, `{"throttleBytesPerSecond":0}`},
		{"unlimited", func(p *model.Patch) { p.Throttle(throttle.Unlimited) }, `{"throttleBytesPerSecond":null}`},
		{"the last of many", func(p *model.Patch) {
			for r := range throttle.Rate(100) {
				p.Throttle(r)
			}
		}, `{"throttleBytesPerSecond":99}`},
		{"one lane", func(p *model.Patch) { p.LaneThrottle("push", 1_000) }, `{"lanes":{"push":{"throttleBytesPerSecond":1000}}}`},
		{"both lanes", func(p *model.Patch) {
			p.LaneThrottle("push", 1_000)
			p.LaneThrottle("pull", throttle.Unlimited)
		}, `{"lanes":{"push":{"throttleBytesPerSecond":1000},"pull":{"throttleBytesPerSecond":null}}}`},
		{"all lanes after one", func(p *model.Patch) {
			p.LaneThrottle("push", 1_000)
			p.Throttle(2_000)
		}, `{"throttleBytesPerSecond":2000}`},
		{"one lane after all", func(p *model.Patch) {
			p.Throttle(2_000)
			p.LaneThrottle("push", 1_000)
		}, `{"throttleBytesPerSecond":2000,"lanes":{"push":{"throttleBytesPerSecond":1000}}}`},
		{"everything", func(p *model.Patch) {
			p.Throttle(throttle.Unlimited)
			p.Paused(false)
			p.LaneThrottle("pull", 7)
			p.Readers("phones", 20)
			p.Readers("slow", 100)
			p.Readers("slow", 200)
			p.Number("sizeBytes", 512)
		}, `{"throttleBytesPerSecond":null,"paused":false,"sizeBytes":512,"readers":{"phones":{"count":20},"slow":{"count":200}},"lanes":{"pull":{"throttleBytesPerSecond":7}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p model.Patch
			tt.change(&p)
			require.Equal(t, tt.want == `{}`, p.Empty())
			require.Equal(t, tt.want, p.Take())
			require.True(t, p.Empty())
		})
	}
}

func TestPatchIsJSONWhateverTheLaneIsCalled(t *testing.T) {
	require.NoError(t, quick.Check(func(name string) bool {
		var p model.Patch
		p.LaneThrottle(name, 7)
		var body struct {
			Lanes map[string]struct{ ThrottleBytesPerSecond int }
		}
		return json.Unmarshal([]byte(p.Take()), &body) == nil && body.Lanes[visible(name)].ThrottleBytesPerSecond == 7
	}, nil))
}

// visible is a name as it is sent: without control characters.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return '?'
		}
		return r
	}, name)
}
