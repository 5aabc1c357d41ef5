package script

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatIsSaidOfASmallChange changes a valid scenario in one place. Nothing
// else may be wrong because of it.
func TestWhatIsSaidOfASmallChange(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"nothing":                     {"title: T", "title: T", ""},
		"no version":                  {"version: 1\n", "", "version is missing: want version: 1"},
		"no title":                    {"title: T\n", "", "title is missing: want a few words"},
		"empty title":                 {"title: T", "title: ' '", "2:8: title is empty: want text"},
		"long title":                  {"title: T", "title: " + strings.Repeat("ä", 81), "2:8: title has 81 characters, at most 80"},
		"title at the bound":          {"title: T", "title: " + strings.Repeat("ä", 80), ""},
		"title is a list":             {"title: T", "title: [T]", "2:8: want text, not a list"},
		"question of two lines":       {"question: Q", "question: |\n  Q\n  R", "6:11: question has more than one line"},
		"question in a block":         {"question: Q", "question: |\n  Q", ""},
		"a misspelt key that must be": {"version: 1", "versoin: 1", `1:1: unknown key "versoin"; did you mean "version"?`},
		"a misspelt strategy key":     {"strategy: push-b", "stratgy: push-b", `13:5: unknown key "stratgy"; did you mean "strategy"?`},
		"unknown transport":           {"transport: sse\n    limit", "transport: see\n    limit", `14:16: unknown transport "see"; did you mean "sse"?`},
		"limit above the share":       {"limit: 128MiB", "limit: 0.6GiB", "15:12: limit 0.6GiB: want 32MiB to 512MiB, the share of each of 2 lanes"},
		"options of another strategy": {"strategy: pull-drain", "strategy: push-buffered", `24:15: push-buffered has no option "high_water": it has none`},
		"a wrong rate":                {"rate: 1/s", "rate: 1", `30:9: rate "1": want messages per second, for example 10/s`},
		"no kind":                     {"  kind: fixed\n", "", "27:1: kind is missing: want fixed or llm"},
		"a ramp without stages":       {"  stages:\n    - {duration: 10s, target: 10/s}\n", "", "27:1: stages is missing"},
		"stages without a ramp":       {"  executor: ramping-arrival-rate\n", "", "30:3: stages are for a ramp: want executor: ramping-arrival-rate too"},
		"no rate":                     {"  executor: ramping-arrival-rate\n  rate: 1/s\n  stages:\n    - {duration: 10s, target: 10/s}\n", "", "27:1: rate is missing: want messages per second"},
		"rate of 0":                   {"  executor: ramping-arrival-rate\n  rate: 1/s\n  stages:\n    - {duration: 10s, target: 10/s}\n", "  rate: 0/s\n", "29:9: rate 0/s: nothing would ever come"},
		"a ramp of nothing":           {"rate: 1/s\n  stages:\n    - {duration: 10s, target: 10/s}", "stages:\n    - {duration: 10s, target: 0/s}", "30:3: the rate is 0/s all along"},
		"too many readers":            {"count: 200", "count: 501", "37:12: count 501: want 0 to 500"},
		"too many bytes":              {"size: 4KiB", "size: 256KiB", "27:1: readers × rate × size come to 551.3MB/s, at most 209.7MB/s"},
		"many bytes for all":          {"size: 4KiB", "size: 256KiB\n  channels: shared", "with channels: shared everybody reads"},
		"a throttle that is too fast": {"throttle: 8KB/s", "throttle: 2GiB/s", "38:15: throttle 2GiB/s: want 0B/s to 1GiB/s, or none"},
		"a group called all":          {"  healthy:", "  all:", ""},
		"a lane called both":          {"  a-lane-2:", "  both:", `21:3: lane "both": the word means several; want another name`},
		"ghost of no lane":            {"ghost:\n  push:", "ghost:\n  pull:", `45:3: unknown lane "pull": want push or a-lane-2`},
		"two steps at one time":       {"at: 5s", "at: 0s", "57:9: two steps at 0s: write what both do in one step"},
		"a step after the end":        {"after: 500ms", "at: 1m40s", ""},
		"a step before the end":       {"after: 500ms", "at: 1m34s", "70:9: at 1m34s, but the wait in line 67 may last until 1m35s: want after"},
		"nobody knows":                {"answer: push", "answer: pushed", `the answer "pushed" is not one of the options; did you mean "push"?`},
		"a wait above the limit":      {"rss{lane:push} < 1MiB", "rss{lane:push} > 129MiB", "67:49: this can never be true: lane push is killed at its limit of 128MiB"},
		"a wait up to the limit":      {"rss{lane:push} < 1MiB", "rss{lane:push} >= 128MiB", ""},
		"restarts by policy":          {"rss{lane:push} < 1MiB", "restarts{lane:push} > 0", ""},
		"restarts of nobody":          {"rss{lane:push} < 1MiB", "restarts{lane:a-lane-2} > 0", "this can never be true: nothing starts lane a-lane-2 again"},
		"no restarts of nobody":       {"rss{lane:push} < 1MiB", "restarts{lane:a-lane-2} == 0", ""},
		"age of nobody":               {"count: 200", "count: 0", ""},
		"a rule of no lane":           {"  rss:\n", "  rss{lane:pusch}:\n", `76:12: unknown lane "pusch"; did you mean "push"?`},
		"a rule of no reader":         {"  rss:\n", "  age{lane:push,reader:slwo}:\n    - max < 1s\n  rss:\n", `76:24: unknown group "slwo"; did you mean "slow"?`},
		"a rule of the tabs":          {"  rss:\n", "  age{lane:push,reader:you}: p(99) < 1s\n  rss:\n", ""},
		"lanes that are wrong":        {"lanes:\n  push:", "lanes: no\nlans:\n  push:", "10:8: want a name for each lane and its parts below, not text"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, valid, c.old)
			_, err := parse(strings.Replace(valid, c.old, c.new, 1))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			switch name {
			case "options of another strategy", "many bytes for all", "lanes that are wrong": // is wrong in several places
			default:
				require.NotContains(t, err.Error(), "\n", "one error")
			}
		})
	}
}

// TestABoundOfZeroIsNotHeld for programs that have none.
func TestABoundOfZeroIsNotHeld(t *testing.T) {
	unbound := small
	unbound.Bounds = Bounds{}
	text := strings.NewReplacer("count: 200", "count: 99999", "size: 4KiB", "size: 900KiB", "limit: 128MiB", "limit: 99GiB").Replace(valid)
	_, err := Parse(File{Path: "x.yaml", Text: []byte(text), Read: beside}, unbound)
	require.NoError(t, err)
}
