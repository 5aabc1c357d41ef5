package site

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
	"spillway/server/internal/run"
)

func TestReadersForScripts(t *testing.T) {
	a := line(1, lane.Row{WriteMicros: 9e6, ShutMicros: 12_300_000, LimitedMicros: 20e6, Unseen: true})
	a.Broker, a.Backlog, a.SendQueue, a.InFlight, a.Held, a.Consumed, a.Lost, a.Gap, a.Gaps = 1, 2, 3, 4, 5, 6, 7, -8, 9
	b, c := line(2, lane.Row{WriteMicros: 2e6}), account.Line{Reader: account.Unknown, Silent: true}
	f := &fakeReaders{lines: []account.Line{b, a, c}}
	s := serve(t, death(), "", withReaders(f))
	read := func(query string) (names []string, first map[string]any) {
		got := s.ask("GET", "/api/run/lanes/pull/readers"+query, "")
		require.Equal(t, http.StatusOK, got.status, got.body)
		var out struct {
			Lane    string
			Readers []map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(got.body), &out))
		require.Equal(t, "pull", out.Lane)
		for _, r := range out.Readers {
			names = append(names, r["reader"].(string))
		}
		return names, out.Readers[0]
	}
	names, first := read("")
	require.Equal(t, []string{"slow-1", "slow-2", "unknown"}, names)
	require.Equal(t, map[string]any{
		"reader": "slow-1", "channel": "slow-1", "connected": true, "silent": false, "connection": "1", "unseen": true,
		"inBrokerBytes": 1.0, "inBacklogBytes": 2.0, "inSendQueueBytes": 3.0, "inFlightBytes": 4.0, "inReaderBytes": 5.0,
		"consumedBytes": 6.0, "lostBytes": 7.0, "gapBytes": -8.0, "gaps": 9.0, "writeSeconds": 9.0, "shutSeconds": 12.3, "limitedSeconds": 20.0,
	}, first)
	names, _ = read("?sort=stall")
	require.Equal(t, []string{"slow-2", "slow-1", "unknown"}, names)
	names, _ = read("?sort=gaps&limit=1")
	require.Equal(t, []string{"slow-1"}, names)
	names, _ = read("?sort=name&limit=100&format=json")
	require.Len(t, names, 3)
	require.Empty(t, f.watched, "who reads once watches nothing")

	got := s.ask("GET", "/api/run/lanes/pull/readers?format=csv&limit=1", "")
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, strings.Split("slow-1,slow-1,true,false,1,1,2,3,4,5,6,7,-8,9,9,12.3,20,true", ","), rows[1])
	require.Len(t, rows, 2)
}

func TestReadersForScriptsThatAskWrong(t *testing.T) {
	f := &fakeReaders{}
	s := serve(t, death(), "", withReaders(f))
	for query, status := range map[string]int{"?sort=nonsense": 400, "?limit=-1": 400, "?limit=x": 400, "?format=xml": 400, "": 200} {
		got := s.ask("GET", "/api/run/lanes/pull/readers"+query, "")
		require.Equal(t, status, got.status, query)
	}
	f.err = run.ErrNoLane
	require.Equal(t, 404, s.ask("GET", "/api/run/lanes/other/readers", "").status)
	f.err = run.ErrNotRunning
	require.Equal(t, 409, s.ask("GET", "/api/run/lanes/pull/readers", "").status)
	without := serve(t, death(), "")
	got := without.ask("GET", "/api/run/lanes/pull/readers", "")
	require.Equal(t, 409, got.status)
	require.Contains(t, got.body, `"error"`)
}
