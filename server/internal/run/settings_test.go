package run

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

const testMaxLimit = 512 << 20

func patch(t *testing.T, text string) Patch {
	t.Helper()
	p, err := ParsePatch([]byte(text))
	require.NoError(t, err)
	return p
}

func TestPatchTellsNullFromAbsent(t *testing.T) {
	s := settingsOf(lesson(), testMaxLimit)
	slowed, err := s.with(patch(t, `{"throttleBytesPerSecond": 4000}`), testMaxLimit)
	require.NoError(t, err)
	require.Equal(t, Throttle(4000), slowed.Lanes["push"].Throttle)
	require.Equal(t, Throttle(4000), slowed.Lanes["pull"].Throttle)
	require.Equal(t, Throttle(throttle.Unlimited), s.Lanes["push"].Throttle, "the settings before are untouched")

	same, err := slowed.with(patch(t, `{"paused": true}`), testMaxLimit)
	require.NoError(t, err)
	require.Equal(t, Throttle(4000), same.Lanes["push"].Throttle, "absent changes nothing")
	require.True(t, same.Paused)

	released, err := slowed.with(patch(t, `{"throttleBytesPerSecond": null}`), testMaxLimit)
	require.NoError(t, err)
	require.Equal(t, Throttle(throttle.Unlimited), released.Lanes["push"].Throttle)
}

func TestPatchOfOneLaneWinsOverThatOfAll(t *testing.T) {
	s := settingsOf(lesson(), testMaxLimit)
	next, err := s.with(patch(t, `{
		"throttleBytesPerSecond": 4000,
		"lanes": {"push": {"throttleBytesPerSecond": 0, "limitBytes": 67108864}}
	}`), testMaxLimit)
	require.NoError(t, err)
	require.Equal(t, LaneSettings{Throttle: 0, LimitBytes: 64 << 20, GiveBack: true, SendBufferBytes: 64 << 10}, next.Lanes["push"])
	require.Equal(t, LaneSettings{Throttle: 4000, LimitBytes: 256 << 20, GiveBack: true, SendBufferBytes: 64 << 10}, next.Lanes["pull"])
}

func TestParsePatchRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a misspelt field":      {`{"reader": 1}`, `unknown field "reader"`},
		"a misspelt lane field": {`{"lanes": {"push": {"limit": 1}}}`, `unknown field "limit"`},
		"a second object":       {`{} {}`, "something follows"},
		"a stray brace":         {`{}}`, "something follows"},
		"a stray word":          {`{} x`, "something follows"},
		"nothing":               {``, "ends too early"},
		"half an object":        {`{"paused":`, "ends too early"},
		"null":                  {`null`, "not null"},
		"an array":              {`[]`, "want an object, not an array"},
		"text":                  {`"slow"`, "want an object, not a string"},
		"no JSON":               {`slow=1`, "invalid character"},
		"text for a number":     {`{"readers": {"slow": {"count": "many"}}}`, "a string does not fit"},
		"a fraction of readers": {`{"readers": {"slow": {"count": 1.5}}}`, "number 1.5 does not fit"},
		"a negative throttle":   {`{"throttleBytesPerSecond": -1}`, "whole number from 0"},
		"a fraction of a byte":  {`{"throttleBytesPerSecond": 0.5}`, "whole number from 0"},
		"a word as throttle":    {`{"throttleBytesPerSecond": "4KB/s"}`, "whole number from 0"},
		"a throttle too large":  {`{"throttleBytesPerSecond": 1e30}`, "whole number from 0"},
		"a limit too large":     {`{"lanes": {"push": {"limitBytes": 1e30}}}`, "limitBytes: number 1e30 does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePatch([]byte(c.text))
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "Go ", "speaks of the program, not of the setting")
		})
	}
}

func TestSettingsOutOfRange(t *testing.T) {
	s := settingsOf(lesson(), testMaxLimit)
	for text, want := range map[string]string{
		`{"readers": {"slow": {"count": -1}}}`:              "count -1 of slow: from 0 to 500",
		`{"readers": {"slow": {"count": 501}}}`:             "count 501 of slow: from 0 to 500",
		`{"readers": {"sloth": {"count": 1}}}`:              `there are no readers "sloth"; there are healthy, slow, you`,
		`{"readers": {"you": {"count": 2}}}`:                "you are the tabs that are open",
		`{"readers": {"you": {"away": true}}}`:              "you are the tabs that are open",
		`{"ratePerSecond": -0.1}`:                           "ratePerSecond -0.1: from 0 to 1000",
		`{"ratePerSecond": 1000.5}`:                         "ratePerSecond 1000.5: from 0 to 1000",
		`{"sizeBytes": 95}`:                                 "sizeBytes 95: from 96 to 262144",
		`{"sizeBytes": 262145}`:                             "sizeBytes 262145: from 96 to 262144",
		`{"sizeBytes": 262144, "ratePerSecond": 10}`:        "readers × rate × size come to 525 MiB a second, at most 200",
		`{"lanes": {"push": {"limitBytes": 1}}}`:            "limitBytes 1 of lane push: from 33554432 to 536870912",
		`{"lanes": {"pull": {"limitBytes": 536870913}}}`:    "limitBytes 536870913 of lane pull",
		`{"lanes": {"pull": {"sendBufferBytes": 0}}}`:       "sendBufferBytes 0 of lane pull: from 1 to 8388608, or -1 for what the system gives",
		`{"lanes": {"pull": {"sendBufferBytes": 8388609}}}`: "sendBufferBytes 8388609 of lane pull",
		`{"lanes": {"nobody": {}}}`:                         `there is no lane "nobody"; there are pull, push`,
	} {
		t.Run(text, func(t *testing.T) {
			next, err := s.with(patch(t, text), testMaxLimit)
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, want)
			require.Equal(t, s, next, "a patch that is refused changes nothing")
		})
	}
}

func TestBoundsThemselvesAreAllowed(t *testing.T) {
	s := settingsOf(lesson(), testMaxLimit)
	for _, text := range []string{
		`{}`,
		`{"readers": {"slow": {"count": 0}, "healthy": {"count": 0}}}`,
		`{"readers": {"slow": {"count": 500}, "healthy": {"count": 500}}, "sizeBytes": 96, "ratePerSecond": 1000}`,
		`{"ratePerSecond": 0}`,
		`{"lanes": {"push": {"sendBufferBytes": -1}, "pull": {"sendBufferBytes": 8388608}}}`,
		`{"lanes": {"push": {"limitBytes": 33554432}, "pull": {"limitBytes": 536870912}}}`,
	} {
		_, err := s.with(patch(t, text), testMaxLimit)
		require.NoError(t, err, text)
	}
}

func TestSettingsOfAScenario(t *testing.T) {
	s := settingsOf(lesson(), 100<<20)
	require.Equal(t, int64(100<<20), s.Lanes["push"].LimitBytes, "the share of --max-memory is the most there is")
	require.Equal(t, int64(100<<20), s.Lanes["pull"].LimitBytes)
	require.Equal(t, Throttle(throttle.Unlimited), s.Lanes["push"].Throttle, "the story begins flat")

	llm := lesson()
	llm.Workload.Kind, llm.Workload.Size = "llm", 0
	require.Equal(t, 1<<10, settingsOf(llm, testMaxLimit).SizeBytes)
}

func TestSettingsAsJSON(t *testing.T) {
	s := settingsOf(lesson(), testMaxLimit)
	s, err := s.with(patch(t, `{"lanes": {"pull": {"throttleBytesPerSecond": 4000}}}`), testMaxLimit)
	require.NoError(t, err)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"ratePerSecond": 10, "sizeBytes": 4096,"retentionMessages":0, "paused": false,
		"readers": {
			"slow": {"count": 200, "throttleBytesPerSecond": null, "paused": false, "away": false},
			"healthy": {"count": 10, "throttleBytesPerSecond": null, "paused": false, "away": false},
			"you": {"count": 1, "throttleBytesPerSecond": null, "paused": false, "away": false}
		},
		"lanes": {
			"push": {"throttleBytesPerSecond": null, "limitBytes": 268435456, "giveBack": true, "sendBufferBytes": 65536},
			"pull": {"throttleBytesPerSecond": 4000, "limitBytes": 268435456, "giveBack": true, "sendBufferBytes": 65536}
		}
	}`, string(text))

	again, err := ParsePatch(text)
	require.NoError(t, err, "what the API says it also takes")
	same, err := settingsOf(lesson(), testMaxLimit).with(again, testMaxLimit)
	require.NoError(t, err)
	require.Equal(t, s, same)
}

func TestCheckScenario(t *testing.T) {
	require.NoError(t, Check(lesson(), 1<<30))
	err := Check(lesson(), 50<<20)
	require.ErrorIs(t, err, ErrMemory)
	require.ErrorContains(t, err, "too little memory: 50 MiB for 2 lanes leaves each 25 MiB; a lane needs 32")
	wrong := lesson()
	wrong.Lanes[1].Strategy = "pull-harder"
	require.ErrorContains(t, Check(wrong, 1<<30), `lane pull: there is no strategy "pull-harder"`)
	wrong = lesson()
	wrong.Lanes[0].Source = "kafka"
	require.ErrorContains(t, Check(wrong, 1<<30), `lane push: there is no source "kafka"`)
	wrong = lesson()
	wrong.Lanes[0].Transport = "pigeon"
	require.ErrorContains(t, Check(wrong, 1<<30), `lane push: there is no transport "pigeon"`)
	wrong = lesson()
	wrong.Readers[0].Count = 100_000
	require.ErrorContains(t, Check(wrong, 1<<30), "count 100000 of slow")
	wrong = lesson()
	wrong.Lanes[0].Limit = 1 << 20
	require.ErrorIs(t, Check(wrong, 1<<30), ErrInvalid)
}

func FuzzParsePatch(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"readers": {"slow": {"count": 3, "away": true}}, "paused": true}`, `{"throttleBytesPerSecond": null}`,
		`{"lanes": {"push": {"throttleBytesPerSecond": 1e3, "limitBytes": 67108864}}}`, `{"ratePerSecond": 1e308}`, `[`, ``,
	} {
		f.Add([]byte(seed))
	}
	before := settingsOf(lesson(), testMaxLimit)
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePatch(text)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		next, err := before.with(p, testMaxLimit)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			require.Equal(t, before, next)
			return
		}
		require.NoError(t, next.check(testMaxLimit))
		require.Len(t, next.Lanes, 2)
	})
}
