package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// http2Lane is one lane over HTTP/2 that writes 12.8 MB/s to each of its readers,
// all of the same channel, and keeps the last 6.4 MB.
const http2Lane = `version: 1
title: HTTP/2
about: One lane over HTTP/2.
statement: One lane writes to whoever asks.
question: Where is what nobody reads?
lanes:
  two: {source: redis-stream, strategy: pull-drain, transport: sse-http2}
workload: {kind: fixed, rate: 200/s, size: 64KiB, retention: 100}
readers:
  you: {rate: 200/s, size: 64KiB}
`

const http2Size = 64 << 10 // of its messages

// startHTTP2 runs that lane and returns the URL of its stream.
func startHTTP2(t *testing.T) (p *program, stream string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "two.yaml"), []byte(http2Lane), 0o644))
	p = start(t, "--scenarios", dir, "--scenario", "two")
	status, body := p.call(http.MethodPost, "api/run/start", "")
	require.Less(t, status, 300, body)
	state := p.await(time.Minute, "the lane writes", func(r runState) bool {
		return r.lane("two").StreamURL != "" && r.Produced > 0
	})
	return p, state.lane("two").StreamURL
}

// curlK is a client as `curl -k`: it takes the certificate as it is. With
// versions it speaks these only.
func curlK(t *testing.T, versions ...func(*http.Protocols)) *http.Client {
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as curl -k
	}
	if len(versions) > 0 {
		transport.Protocols = new(http.Protocols)
		for _, with := range versions {
			with(transport.Protocols)
		}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func http1(p *http.Protocols) { p.SetHTTP1(true) }

// sendQueue is what lies in the kernel behind the connections that the listener
// of a URL has accepted, written by the lane and not taken by the other end. It is
// what SIOCOUTQ says of each, as ss shows it.
func sendQueue(t *testing.T, listener string) (bytes uint64, connections int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the queues of other processes can be seen on Linux only")
	}
	u, err := url.Parse(listener)
	require.NoError(t, err)
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	require.NoError(t, err)
	local := fmt.Sprintf(":%04X", port)
	table, err := os.ReadFile("/proc/net/tcp") // proc(5): sl local rem st tx:rx …
	require.NoError(t, err)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.HasSuffix(f[1], local) || f[3] != "01" { // established
			continue
		}
		tx, _, _ := strings.Cut(f[4], ":")
		n, err := strconv.ParseUint(tx, 16, 64)
		require.NoError(t, err)
		bytes += n
		connections++
	}
	return bytes, connections
}

// A lane over HTTP/2 answers a terminal, in HTTP/2 and in HTTP/1.1, in every way
// that it is asked for, and shows one certificate for all runs.
func TestHTTP2Lane(t *testing.T) {
	p, stream := startHTTP2(t)
	u, err := url.Parse(stream)
	require.NoError(t, err)
	require.Equal(t, "https", u.Scheme)
	var shown [][]byte
	look := func(client *http.Client, path, proto string) {
		response, err := client.Get(path)
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, proto, response.Proto)
		require.Equal(t, "text/event-stream; charset=utf-8", response.Header.Get("Content-Type"))
		lines := bufio.NewReader(response.Body)
		for _, want := range []string{"retry: 1000\n", "event: ready\n"} {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, want, line)
		}
		messages := 0
		for messages < 10 {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			if strings.HasPrefix(line, "data: {\"seq\":") {
				messages++
			}
		}
		shown = append(shown, response.TLS.PeerCertificates[0].Raw)
		require.NoError(t, response.TLS.PeerCertificates[0].VerifyHostname("127.0.0.1"))
		require.NoError(t, response.TLS.PeerCertificates[0].VerifyHostname("localhost"))
	}
	for _, way := range []string{"", "&transport=sse", "&transport=sse-http2"} {
		look(curlK(t), stream+"?reader=you"+way, "HTTP/2.0")
		look(curlK(t, http1), stream+"?reader=you"+way, "HTTP/1.1")
	}

	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // as curl -k
	socket, _, err := dialer.Dial("wss://"+u.Host+u.Path+"?reader=you&transport=websocket", nil)
	require.NoError(t, err)
	defer socket.Close()
	for _, want := range []string{"event: ready", "data: {\"seq\":"} {
		_, text, err := socket.ReadMessage()
		require.NoError(t, err)
		require.Contains(t, string(text), want)
	}

	_, err = (&http.Client{Transport: &http.Transport{}}).Get(stream + "?reader=you")
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown, "nobody vouches for it")

	status, body := p.call(http.MethodPost, "api/run/reset", "")
	require.Less(t, status, 300, body)
	next := p.await(time.Minute, "another run", func(r runState) bool {
		return r.lane("two").StreamURL != "" && r.lane("two").StreamURL != stream && r.Produced > 0
	}).lane("two").StreamURL
	look(curlK(t), next+"?reader=you", "HTTP/2.0")
	for _, certificate := range shown {
		require.Equal(t, shown[0], certificate)
	}

	follow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := follow.Get(p.URL + "lanes/two/open")
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	require.Equal(t, strings.TrimSuffix(next, "stream"), answer.Header.Get("Location"))
}

// written is what the lane has written to readers, and how long the longest wait
// for room takes so far.
func (p *program) written() (bytes uint64, stall time.Duration) {
	p.t.Helper()
	var r struct {
		Lanes []struct {
			DeliveredMessages   uint64
			LongestStallSeconds float64
		}
	}
	_, body := p.call(http.MethodGet, "api/run", "")
	require.NoError(p.t, json.Unmarshal([]byte(body), &r))
	return r.Lanes[0].DeliveredMessages * http2Size, time.Duration(r.Lanes[0].LongestStallSeconds * float64(time.Second))
}

// A client that stops has megabytes in itself, and the kernel nothing at all. Over
// HTTP/1.1 the same client leaves them in the kernel.
func TestHTTP2IsHiddenFromTheKernel(t *testing.T) {
	p, stream := startHTTP2(t)
	stop := func(client *http.Client) (between, queue uint64) {
		before, _ := p.written()
		response, err := client.Get(stream + "?reader=you")
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		defer response.Body.Close()
		read, err := io.CopyN(io.Discard, response.Body, 1<<20)
		require.NoError(t, err)
		var after uint64
		require.Eventually(t, func() bool {
			var stall time.Duration
			after, stall = p.written()
			return stall > time.Second
		}, time.Minute, 50*time.Millisecond, "its write does not wait")
		queue, connections := sendQueue(t, stream)
		require.Equal(t, 1, connections)
		return after - before - uint64(read), queue
	}
	between, queue := stop(curlK(t))
	t.Logf("HTTP/2: %d KiB in between, %d B of them in the lane's send queue", between>>10, queue)
	require.Greater(t, between, uint64(3<<20), "of the 4 MiB that are the window of this client")
	require.Zero(t, queue)
	require.Eventually(t, func() bool {
		_, connections := sendQueue(t, stream)
		_, stall := p.written()
		return connections == 0 && stall == 0
	}, time.Minute, 50*time.Millisecond, "it has not left")
	between, queue = stop(curlK(t, http1))
	t.Logf("HTTP/1.1: %d KiB in between, %d B of them in the lane's send queue", between>>10, queue)
	require.NotZero(t, queue)
}
