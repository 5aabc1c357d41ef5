package site

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
)

func TestTheLinkToACertificateLeadsToTheLaneAsItIsNow(t *testing.T) {
	c := death()
	c.change(func(v *run.View) { v.Lanes[1].Secure = true })
	s := &Site{o: Options{Control: c}}
	open := func(host, lane string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/lanes/"+lane+"/open", nil)
		r.Host = host
		r.SetPathValue("name", lane)
		w := httptest.NewRecorder()
		s.openLane(w, r)
		return w
	}
	for host, want := range map[string]string{
		"localhost:8080": "https://localhost:4002/",
		"192.0.2.7:8080": "https://192.0.2.7:4002/",
		"[::1]:8080":     "https://[::1]:4002/",
	} {
		answer := open(host, "pull")
		require.Equal(t, http.StatusSeeOther, answer.Code)
		require.Equal(t, want, answer.Header().Get("Location"))
	}
	require.Equal(t, http.StatusNotFound, open("localhost", "push").Code, "it has no certificate")
	require.Equal(t, http.StatusNotFound, open("localhost", "nobody").Code)
	c.change(func(v *run.View) { v.Lanes[1].PID = 0 })
	require.Equal(t, http.StatusConflict, open("localhost", "pull").Code)
}

func TestASecureLaneSaysSoOnItsCard(t *testing.T) {
	c := death()
	s := &Site{o: Options{Control: c}}
	card := func() (curl, accept string, secure bool) {
		v := c.View()
		l := s.stageOf(v, true, "localhost").Controls.Lanes[1]
		return l.Curl, l.Accept, helloOf(v, true).Lanes[1].Secure
	}
	curl, accept, secure := card()
	require.Equal(t, "curl -N 'http://localhost:4002/stream?reader=you'", curl)
	require.Empty(t, accept)
	require.False(t, secure)
	c.change(func(v *run.View) { v.Lanes[1].Secure = true })
	curl, accept, secure = card()
	require.Equal(t, "curl -Nk 'https://localhost:4002/stream?reader=you'", curl)
	require.Equal(t, "/lanes/pull/open", accept)
	require.True(t, secure)
}
