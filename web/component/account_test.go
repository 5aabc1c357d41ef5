package component_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"spillway/wasm/wire"
	"spillway/web/component"
	"spillway/web/htmltest"
)

// accounted adds up, but for its gap.
func accounted() wire.Account {
	return wire.Account{
		Produced: 100 << 20, Broker: 10 << 20, Backlog: 40 << 20, SendQueue: 5 << 20, InFlight: 4 << 20, Held: 1 << 20,
		LostLeft: 6 << 20, LostStrategy: 3 << 20, LostTrimmed: 1 << 20, LostBroker: 2 << 20, Consumed: 28<<20 + 512, Gap: -512,
	}
}

func band(lane string, a wire.Account) component.Band {
	return component.Band{Lane: lane, Account: a, FullBytes: component.FullBytes(component.BytesShown(a))}
}

func attr(t *testing.T, n *html.Node, name string) string {
	t.Helper()
	v, ok := htmltest.Attr(n, name)
	require.True(t, ok, name)
	return v
}

// Nothing of the sum is missing in the band, and nothing is in it twice.
func TestPartsOfABandAddUp(t *testing.T) {
	a := accounted()
	sum, x := uint64(0), 0.0
	var keys []string
	for _, n := range htmltest.Nodes(t, render(t, component.BandBody(band("push", a)))) {
		if _, ok := htmltest.Attr(n, "data-bytes"); !ok {
			continue
		}
		bytes, err := strconv.ParseUint(attr(t, n, "data-bytes"), 10, 64)
		require.NoError(t, err)
		sum += bytes
		at, err := strconv.ParseFloat(strings.TrimSuffix(attr(t, n, "x"), "%"), 64)
		require.NoError(t, err)
		wide, err := strconv.ParseFloat(strings.TrimSuffix(attr(t, n, "width"), "%"), 64)
		require.NoError(t, err)
		require.InDelta(t, x, at, 0.01, "one after the other")
		require.InDelta(t, float64(bytes)/(72<<20+24<<20)*100, wide, 0.01, "to the scale")
		x = at + wide
		keys = append(keys, attr(t, n, "data-place"))
	}
	require.Equal(t, []string{"broker", "backlog", "sendqueue", "inflight", "held", "lost"}, keys)
	require.EqualValues(t, int64(a.Produced)-a.Gap, sum+a.Consumed)
	require.Equal(t, component.BytesWaiting(a)+component.BytesLost(a), sum)
}

func TestTheScaleOfBands(t *testing.T) {
	for most, want := range map[uint64]uint64{
		0: 1 << 20, 1 << 20: 1 << 20, 1<<20 + 1: 3 << 19, 3 << 19: 3 << 19, 3<<19 + 1: 2 << 20,
		72 << 20: 96 << 20, 100 << 20: 128 << 20, 1 << 62: 1 << 62, 1<<63 + 1: 1<<64 - 1,
	} {
		require.Equal(t, want, component.FullBytes(most), most)
	}
	before := uint64(0)
	for most := uint64(1); most < 1<<40; most += most/7 + 1 {
		full := component.FullBytes(most)
		require.GreaterOrEqual(t, full, most)
		require.GreaterOrEqual(t, full, before, "it never falls")
		if most > 1<<20 {
			require.Less(t, full, 2*most)
		}
		before = full
	}
}

// What was produced for nobody is no zero.
func TestFiguresOfABand(t *testing.T) {
	empty := component.Band{Lane: "push"}
	for _, key := range []string{"produced", "waiting", "broker", "consumed", "gap", "nonsense"} {
		require.Equal(t, "–", empty.Amount(key), key)
	}
	b := band("push", accounted())
	for key, want := range map[string]string{
		"produced": "100 MiB", "waiting": "60.0 MiB", "lost": "12.0 MiB", "consumed": "28.0 MiB", "gap": "−512 B",
		"backlog": "40.0 MiB", "sendqueue": "5.0 MiB", "losttrimmed": "1.0 MiB",
	} {
		require.Equal(t, want, b.Amount(key), key)
	}
	b.Account.Gap = 512
	require.Equal(t, "512 B", b.Amount("gap"))
	b.Account.Unseen, b.Account.SendQueue = 3, 0
	require.Equal(t, "not visible", b.Amount("sendqueue"), "never 0")
}

func TestWhatIsSaidOfABand(t *testing.T) {
	note := func(b component.Band) string {
		for _, n := range htmltest.Nodes(t, render(t, component.BandBody(b))) {
			if v, ok := htmltest.Attr(n, "data-note"); ok {
				return v
			}
		}
		return "none"
	}
	require.Equal(t, "Nothing has been produced for a reader yet.", note(component.Band{}))
	require.Empty(t, note(band("push", wire.Account{Produced: 9, Consumed: 9})))
	b := band("push", wire.Account{Produced: 3 << 20, LostLeft: 2 << 20, LostBroker: 1 << 20})
	require.Equal(t, "Lost: 2.0 MiB with connections that ended, 1.0 MiB not kept by Pub/Sub. ", note(b))
	b.Dead = true
	require.Equal(t, "Lost: 2.0 MiB with its process, 1.0 MiB not kept by Pub/Sub. ", note(b))
	require.Equal(t, "Send queues not visible on this OS: counted as in flight. ", note(band("push", wire.Account{Produced: 9, InFlight: 9, Unseen: 2})))
	require.Equal(t, "Send queues of 1 reader not visible: counted as in flight. 2 readers reported nothing: counted as consumed. ",
		note(band("push", wire.Account{Produced: 9, SendQueue: 2, InFlight: 7, Unseen: 1, Silent: 2})))
}

// Every part can be asked what it is, and says where it is read.
func TestEveryPartIsExplained(t *testing.T) {
	var letters, keys []string
	for _, p := range component.Parts {
		letters, keys = append(letters, p.Letter), append(keys, p.Key)
		require.Equal(t, 2, strings.Count(p.What, ". ")+1, "%s: two sentences", p.Key)
		for _, text := range []string{p.What, p.Read} {
			require.Regexp(t, `(?s)^[A-Z].*\.$`, text, p.Key)
		}
		for _, d := range p.Elsewhere {
			require.NotContains(t, []string{d.Where, d.Setting, d.Value, d.Source}, "", "%s: %v", p.Key, d)
		}
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(letters))), len(component.Parts), "a letter twice")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(keys))), len(component.Parts), "a key twice")

	opens, ids := map[string]bool{}, map[string]bool{}
	for _, n := range htmltest.Nodes(t, render(t, component.AccountBand(lane("push", 0)))) {
		if target, ok := htmltest.Attr(n, "popovertarget"); ok {
			opens[target] = true
		}
		if _, ok := htmltest.Attr(n, "popover"); ok {
			ids[attr(t, n, "id")] = true
		}
	}
	require.Len(t, ids, len(component.Parts))
	require.Equal(t, ids, opens)
}

// account.js copies figures out of the band: each place that wants one gets it.
func TestTheBandTellsWhatIsShown(t *testing.T) {
	told, wanted := map[string]bool{}, 0
	markup := render(t, component.AccountBand(lane("push", 0)))
	for _, n := range htmltest.Nodes(t, markup) {
		for _, a := range n.Attr {
			if n.Data == "svg" && strings.HasPrefix(a.Key, "data-") {
				told[strings.TrimPrefix(a.Key, "data-")] = true
			}
		}
	}
	for _, n := range htmltest.Nodes(t, markup) {
		if key, ok := htmltest.Attr(n, "data-amount"); ok {
			require.True(t, told[key], key)
			wanted++
		}
	}
	require.Greater(t, wanted, 2*len(component.Parts))
}

func TestWordsOfOthersAreEscaped(t *testing.T) {
	const evil = `<img src=x onerror="alert(1)">`
	l := lane("push", 0)
	l.Account.Bounds = map[string][]component.Bound{"broker": {{Name: evil, Value: evil}}}
	require.NotContains(t, render(t, component.AccountBand(l)), "<img")
}
