package hop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/hop"
)

var modes = []hop.Mode{hop.Passing, hop.Buffering}

// TestTheRequestAndTheAnswerPass as they are: what resumes, what admits a page,
// and what joins the two ends of a connection in the account.
func TestTheRequestAndTheAnswerPass(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			l := newLane(t)
			_, url := start(t, l.URL, mode)
			response, _ := ask(t, url+"/stream?reader=you&conn=17&odd=%zz", http.Header{
				"Last-Event-Id": {"41"}, "Origin": {"http://page:8080"},
			})
			asked := within(t, l.asked, "the lane was not asked")
			require.Equal(t, "/stream", asked.URL.Path)
			require.Equal(t, "reader=you&conn=17&odd=%zz", asked.URL.RawQuery)
			require.Equal(t, "41", asked.Header.Get("Last-Event-ID"))
			require.Equal(t, "http://page:8080", asked.Header.Get("Origin"))
			require.Equal(t, strings.TrimPrefix(url, "http://"), asked.Host, "by which the lane knows its page")
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
			require.Equal(t, "http://page:8080", response.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Origin", response.Header.Get("Vary"))
		})
	}
}

func TestEachPieceIsHandedOnAtOnce(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			l := newLane(t)
			_, url := start(t, l.URL, mode)
			response, _ := ask(t, url+"/stream?reader=you", nil) // the head has come, before any event
			for i := range 3 {
				event := fmt.Sprintf("id: %d\ndata: x\n\n", i)
				l.write <- []byte(event)
				got := make([]byte, len(event))
				_, err := io.ReadFull(response.Body, got) // nothing follows that could push it out
				require.NoError(t, err)
				require.Equal(t, event, string(got))
			}
		})
	}
}

func TestAReaderThatLeavesLeavesTheLane(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode)+", while nothing flows", func(t *testing.T) {
			l := newLane(t)
			h, url := start(t, l.URL, mode)
			_, leave := ask(t, url+"/stream?reader=you", nil)
			within(t, l.asked, "the lane was not asked")
			leave()
			within(t, l.left, "the lane goes on with a reader that has left")
			require.Eventually(t, func() bool { return h.Report().Streams == 0 }, patience, 10*time.Millisecond)
		})
		t.Run(string(mode)+", while it does not read", func(t *testing.T) {
			l := newLane(t)
			_, url := start(t, l.URL, mode)
			reader := stall(t, url)
			fill(l, 16<<20) // through Passing not all of it goes
			reader.Close()
			within(t, l.left, "the lane goes on with a reader that has left")
		})
	}
}

func TestALaneThatDiesCutsItsReadersOff(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			l := newLane(t)
			h, url := start(t, l.URL, mode)
			response, _ := ask(t, url+"/stream?reader=you", nil)
			l.write <- []byte("id: 1\ndata: x\n\n")
			within(t, l.took, "the lane could not write")
			l.CloseClientConnections() // as the kernel does for a process that was killed
			text, err := io.ReadAll(response.Body)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "an end without the lane's own end")
			require.Equal(t, "id: 1\ndata: x\n\n", string(text), "what had come before it")

			l.Close()
			again, _ := ask(t, url+"/stream?reader=you", nil)
			require.Equal(t, http.StatusBadGateway, again.StatusCode)
			require.Equal(t, uint64(1), h.Report().RefusedDials)
		})
	}
}

// TestOnlyTheStreamPasses: profiles are for the lane's own machine, which the hop
// is.
func TestOnlyTheStreamPasses(t *testing.T) {
	l := newLane(t)
	_, url := start(t, l.URL, hop.Passing)
	for _, path := range []string{"/", "/debug/pprof/", "/debug/pprof/heap", "/stream/../debug/pprof/heap", "/stream/x"} {
		response, _ := ask(t, url+path, nil)
		require.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
	require.Empty(t, l.asked)
}

// TestAWebSocketPasses in both directions, and its end as well.
func TestAWebSocketPasses(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			cut := make(chan net.Conn, 1)
			l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
				rw.Flush()
				cut <- c
				io.Copy(c, rw) //nolint:errcheck // an echo, until it is cut
			}))
			t.Cleanup(l.Close)
			_, url := start(t, l.URL, mode)
			c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			require.NoError(t, err)
			defer c.Close()
			require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
			fmt.Fprint(c, "GET /stream?reader=you HTTP/1.1\r\nHost: lane\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			in := bufio.NewReader(c)
			response, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
			fmt.Fprint(c, "demand 3\n")
			line, err := in.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "demand 3\n", line)
			within(t, cut, "no connection").Close()
			_, err = in.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestAnUnknownModeIsRefused(t *testing.T) {
	_, err := hop.New(hop.Config{Lane: "pull", Mode: "nginx"}, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, `proxy of lane "pull": unknown mode "nginx"`)
}

// link is the server's side of a process.
type link struct {
	ready    chan hop.Ready
	reports  chan hop.Report
	commands chan json.RawMessage
}

func (l *link) Ready(v any) error                { l.ready <- v.(hop.Ready); return nil }
func (l *link) Report(v any) error               { l.reports <- v.(hop.Report); return nil }
func (l *link) Commands() <-chan json.RawMessage { return l.commands }

// TestMain is a hop as the server runs it, until the server is gone.
func TestMainServesUntilItsServerIsGone(t *testing.T) {
	lane := newLane(t)
	server := &link{make(chan hop.Ready, 1), make(chan hop.Report), make(chan json.RawMessage)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- hop.Main(ctx, hop.Config{Lane: "pull", Listen: "127.0.0.1:0", Target: strings.TrimPrefix(lane.URL, "http://"), Mode: hop.Passing}, server, slog.New(slog.DiscardHandler))
	}()
	ready := within(t, server.ready, "never ready")
	response, _ := ask(t, "http://"+ready.Addr+"/stream?reader=you", nil)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, uint64(1), within(t, server.reports, "no report").Streams)
	cancel()
	require.ErrorIs(t, within(t, ended, "it does not leave"), context.Canceled)
	within(t, lane.left, "its reader stays with the lane")
}
