package heap

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompare(t *testing.T) {
	before, err := Parse(written(t, allocated{10, 1000, reading}, allocated{4, 400, serving}, allocated{1, 50, queueing}))
	require.NoError(t, err)
	after, err := Parse(written(t, allocated{50, 5000, reading}, allocated{1, 50, queueing}, allocated{2, 300, dialling}))
	require.NoError(t, err)
	var got []int64
	var names []string
	for _, g := range Compare(before, after) {
		got = append(got, g.AddBytes, g.AddObjects, g.Bytes)
		names = append(names, g.Function)
	}
	require.Equal(t, []int64{4000, 40, 5000, 300, 2, 300, -400, -4, 0}, got)
	require.Equal(t, []string{"proto.(*Reader).readStringReply", "bufio.NewReaderSize", "bufio.NewWriterSize"}, names)
	require.Empty(t, Compare(after, after))
}

func TestStoreKeepsTheNewest(t *testing.T) {
	var s Store
	require.Empty(t, s.Of("push"))
	for range keepPerLane + 3 {
		s.Add(Snapshot{Lane: "push", Raw: []byte("x")})
	}
	s.Add(Snapshot{Lane: "pull"})
	all := s.Of("push")
	require.Len(t, all, keepPerLane)
	require.Equal(t, keepPerLane+3, all[0].ID, "the newest first")
	require.Equal(t, 4, all[keepPerLane-1].ID)
	_, ok := s.Find("push", 3)
	require.False(t, ok, "it made room")
	_, ok = s.Find("pull", 4)
	require.False(t, ok, "it is another lane's")
	found, ok := s.Find("push", 4)
	require.True(t, ok)
	require.Equal(t, "x", string(found.Raw))
}

func TestStoreIsBounded(t *testing.T) {
	var s Store
	for i := range 4 * keepAll {
		s.Add(Snapshot{Lane: strings.Repeat("x", i)})
	}
	require.Len(t, s.all, keepAll)
	for i := range 10 {
		s.Add(Snapshot{Lane: strings.Repeat("y", i), Raw: make([]byte, keepBytes/3)})
	}
	require.Len(t, s.all, 3)
	s.Add(Snapshot{Lane: "one", Raw: make([]byte, keepBytes+1)})
	require.Len(t, s.all, 1, "the newest is there, whatever its size")
}

func TestFetch(t *testing.T) {
	raw := written(t, allocated{1, 1, reading})
	answer := func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/debug/pprof/heap?gc=1", r.URL.String())
		_, _ = w.Write(raw)
	}
	lane := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	t.Cleanup(lane.Close)
	port := portOf(t, lane.URL)
	got, err := Fetch(t.Context(), "127.0.0.1", port)
	require.NoError(t, err)
	require.Equal(t, raw, got)

	answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxRawBytes+1)) }
	_, err = Fetch(t.Context(), "127.0.0.1", port)
	require.ErrorIs(t, err, ErrTooLarge)

	answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	_, err = Fetch(t.Context(), "127.0.0.1", port)
	require.ErrorContains(t, err, "403")

	ctx, cancel := context.WithCancel(t.Context())
	answer = func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }
	_, err = Fetch(ctx, "127.0.0.1", port)
	require.ErrorIs(t, err, context.Canceled)

	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) }))
	t.Cleanup(secure.Close)
	got, err = Fetch(t.Context(), "127.0.0.1", portOf(t, secure.URL))
	require.NoError(t, err)
	require.Equal(t, raw, got)

	lane.Close()
	_, err = Fetch(t.Context(), "127.0.0.1", port)
	require.ErrorContains(t, err, "refused")
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	return port
}
