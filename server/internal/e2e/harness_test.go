package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "spillway-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "spillway")
		build := exec.Command("go", "build", "-o", binary, "spillway/server")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build the program under test:", err)
			return 1
		}
		return m.Run()
	}())
}

// program is a running Spillway.
type program struct {
	t   *testing.T
	URL string // of the page, with a slash at its end
	cmd *exec.Cmd
	out *output

	token string // that calls carry; empty on loopback
}

// output keeps what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// startLimit is far above what a start takes, compiling the client included.
const startLimit = 3 * time.Minute

// start runs the program on a free port and waits until it says its address.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	return startCommand(t, exec.Command(binary, append([]string{"--listen", "127.0.0.1:0", "--recordings", t.TempDir()}, args...)...))
}

// startCommand is start for a command that was put together elsewhere.
func startCommand(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, out: &output{}}
	p.cmd.Stderr = p.out
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.stop)
	address := make(chan string, 1)
	go func() {
		defer close(address)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(p.out, lines.Text())
			if url, ok := strings.CutPrefix(lines.Text(), "Spillway runs at "); ok {
				address <- url
			}
		}
	}()
	select {
	case url, ok := <-address:
		require.True(t, ok, "the program ended:\n%s", p.out)
		p.URL = url
	case <-time.After(startLimit):
		require.FailNow(t, "the program does not say its address", p.out.String())
	}
	return p
}

// lanAddress is one of this machine's own that is not loopback; without one the
// test is skipped.
func lanAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

// stop ends the program as Ctrl-C does and waits for it.
func (p *program) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
		p.t.Errorf("the program did not end within 10 s of Ctrl-C:\n%s", p.out)
	}
	if p.t.Failed() {
		p.t.Logf("what the program printed:\n%s", p.out)
	}
}

// runState is what GET /api/run says, as far as tests need it.
type runState struct {
	ID             string
	State          string
	ElapsedSeconds float64
	Settings       json.RawMessage
	Produced       uint64 `json:"producedMessages"`
	Broker         struct{ UsedBytes, RSSBytes, LostMessages uint64 }
	Notice         string
	Lanes          []laneState
	Log            []struct {
		Text  string
		Grave bool
	}
}

type laneState struct {
	Name, State, Strategy, Exit, StreamURL     string
	PID                                        int
	ExitCode                                   *int
	RSSBytes, BacklogMessages, BacklogBytes    uint64
	LimitBytes, Readers, Gaps, Repeats         uint64
	DeliveredMessages, DeliveredBytesPerSecond uint64
	DeliveredPerSecond, Goroutines             uint64
	SlowAgeP50Seconds, HealthyAgeP99Seconds    float64
}

func (r runState) lane(name string) laneState {
	for _, l := range r.Lanes {
		if l.Name == name {
			return l
		}
	}
	return laneState{}
}

// state reads the run.
func (p *program) state() runState {
	p.t.Helper()
	var r runState
	status, body := p.call(http.MethodGet, "api/run", "")
	require.Equal(p.t, http.StatusOK, status, body)
	require.NoError(p.t, json.Unmarshal([]byte(body), &r))
	return r
}

// call sends a request to the program.
func (p *program) call(method, path, body string) (status int, answer string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, p.URL+path, strings.NewReader(body))
	require.NoError(p.t, err)
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(text)
}

// await waits for the run to be as wanted.
func (p *program) await(limit time.Duration, what string, ok func(runState) bool) runState {
	p.t.Helper()
	var last runState
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if last = p.state(); ok(last) {
			return last
		}
		<-time.After(100 * time.Millisecond)
	}
	shown, _ := json.MarshalIndent(last, "", "  ")
	require.FailNow(p.t, "waited in vain: "+what, "%s\n%s", shown, p.out)
	return last
}
