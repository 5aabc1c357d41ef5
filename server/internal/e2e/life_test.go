package e2e

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// childrenOfARun are the broker, the producer, the crowd and two lanes.
const childrenOfARun = 5

func TestTenTimesStopAndStart(t *testing.T) {
	needsProc(t)
	p := start(t)
	var goroutines, files int
	for round := range 11 { // the first one fills pools and caches
		p.post("start")
		r := p.awaitRunning(210)
		before := p.descendants()
		require.Len(t, before, childrenOfARun)
		p.post("stop")
		require.Equal(t, "stopped", p.state().State)
		broker := strconv.Itoa(p.mode("broker"))
		require.Equal(t, []string{broker}, p.descendants(), "of the run nothing is left but a fresh broker")
		requireGone(t, before)
		for _, l := range r.Lanes {
			u, err := url.Parse(l.StreamURL)
			require.NoError(t, err)
			_, err = net.Dial("tcp", u.Host)
			require.ErrorIs(t, err, syscall.ECONNREFUSED, "the port of %s is free", l.Name)
		}
		if round == 0 {
			goroutines, files = p.goroutines(), p.files()
		}
	}
	require.LessOrEqual(t, p.goroutines(), goroutines+2)
	require.LessOrEqual(t, p.files(), files+2)
}

func TestResetBeginsAnew(t *testing.T) {
	p := start(t)
	p.post("start")
	first := p.awaitRunning(210)
	p.patch(`{"throttleBytesPerSecond": 4000, "readers": {"slow": {"count": 20}}}`)
	p.post("reset")
	again := p.await(patience, "another run runs", func(r runState) bool {
		return r.ID != first.ID && r.State == "running" && r.lane("push").Readers == 210
	})
	require.JSONEq(t, string(first.Settings), string(again.Settings))
	require.NotEqual(t, first.lane("push").PID, again.lane("push").PID)
	require.False(t, again.says("broker"), "a fresh broker is no event: %v", again.Log)
}

func TestNobodyIsLeftBehind(t *testing.T) {
	needsProc(t)
	binaryOf := func(args ...string) *exec.Cmd {
		return exec.Command(binary, append([]string{"--listen", "127.0.0.1:0", "--recordings", "off"}, args...)...)
	}
	for name, c := range map[string]struct {
		cmd *exec.Cmd
		sig syscall.Signal
	}{
		"Ctrl-C":                           {binaryOf(), syscall.SIGINT},
		"SIGTERM":                          {binaryOf(), syscall.SIGTERM},
		"kill -9":                          {binaryOf(), syscall.SIGKILL},
		"kill -9 with redis-server":        {binaryOf("--redis", "local"), syscall.SIGKILL},
		"Ctrl-C with redis-server":         {binaryOf("--redis", "local"), syscall.SIGINT},
		"kill -9 of go run above":          {exec.Command("go", "run", "spillway/server", "--listen", "127.0.0.1:0"), syscall.SIGKILL},
		"SIGTERM to go run, as by timeout": {exec.Command("go", "run", "spillway/server", "--listen", "127.0.0.1:0"), syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			p := startCommand(t, c.cmd)
			p.post("start")
			p.awaitRunning(210)
			pids := p.descendants()
			require.GreaterOrEqual(t, len(pids), childrenOfARun)
			require.NoError(t, p.cmd.Process.Signal(c.sig))
			err := p.cmd.Wait()
			requireGone(t, pids)
			if c.sig == syscall.SIGINT {
				require.NoError(t, err, "Ctrl-C is no failure: %s", p.out)
			}
		})
	}
}

func TestTheRunRestsWithoutViewers(t *testing.T) {
	needsProc(t)
	t.Parallel() // it mostly waits
	p := start(t)
	require.Equal(t, "rest", p.state().State)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"hub", http.Header{})
	require.NoError(t, err)
	defer conn.Close()
	p.awaitRunning(210)
	before := p.descendants()
	require.NoError(t, conn.Close())
	r := p.await(patience, "the run rests", func(r runState) bool { return r.State == "rest" })
	require.True(t, r.says("Nobody watches any more, so the run rests."))
	requireGone(t, before) // the broker too: its memory begins flat with the next run
	require.Eventually(t, func() bool { return len(p.descendants()) == 1 }, patience, 20*time.Millisecond)
	broker := p.mode("broker")

	const span = 2 * time.Second
	spent := func() time.Duration { return cpuTime(t, p.cmd.Process.Pid) + cpuTime(t, broker) }
	began := spent()
	<-time.After(span) // a share of time is measured over a time
	used := spent() - began
	require.Less(t, used, 60*time.Millisecond, "server and broker at rest in %v", span)

	status, page := p.call(http.MethodGet, "", "")
	require.Equal(t, http.StatusOK, status, page)
	p.awaitRunning(210)
}

func TestAChildThatIsKilledComesBack(t *testing.T) {
	needsProc(t)
	p := start(t)
	p.post("start")
	p.awaitRunning(210)
	for _, name := range []string{"crowd", "producer"} {
		kill(t, p.mode(name))
		r := p.awaitLog("The " + name + " ended (exit code 137 (SIGKILL): killed from outside). It is started again.")
		delivered := r.lane("pull").DeliveredMessages
		p.await(patience, "messages flow again", func(r runState) bool {
			return r.lane("pull").DeliveredMessages > delivered+100 && r.lane("push").Readers == 210
		})
	}
	kill(t, p.mode("broker"))
	p.awaitLog("The broker was started anew, without what it had held.")
	delivered := p.state().lane("pull").DeliveredMessages
	p.await(patience, "messages flow again", func(r runState) bool {
		return r.State == "running" && r.lane("pull").DeliveredMessages > delivered+100
	})
}

func kill(t *testing.T, pid int) { send(t, pid, syscall.SIGKILL) }

// send sends a signal to a process of the program.
func send(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	process, err := os.FindProcess(pid)
	require.NoError(t, err)
	require.NoError(t, process.Signal(sig))
}

func TestALaneThatCrashes(t *testing.T) {
	needsProc(t)
	p := start(t)
	p.post("start")
	p.awaitRunning(210)
	for _, c := range []struct {
		sig  syscall.Signal
		code int
		exit string // how the API says it
		log  string // how the run's log says it
	}{
		{syscall.SIGABRT, 2, "exit code 2: crashed", "push ended: exit code 2: crashed. 210 readers were cut off."},
		{syscall.SIGSEGV, 2, "exit code 2: crashed", "push ended: exit code 2: crashed. 210 readers were cut off."},
		{syscall.SIGKILL, 137, "exit code 137 (SIGKILL): killed from outside", "push ended: exit code 137 (SIGKILL): killed from outside. 210 readers were cut off."},
	} {
		t.Run(c.sig.String(), func(t *testing.T) {
			before := p.awaitRunning(210)
			status, body := p.call(http.MethodPost, "api/run/lanes/push/restart", "")
			require.Equal(t, http.StatusConflict, status, body)

			send(t, before.lane("push").PID, c.sig)
			r := p.await(patience, "push has ended", func(r runState) bool { return r.lane("push").State == "crashed" })
			push := r.lane("push")
			require.Equal(t, c.code, *push.ExitCode)
			require.Equal(t, c.exit, push.Exit)
			require.Zero(t, push.PID)
			require.True(t, r.says(c.log), "%v", r.Log)
			require.Equal(t, "running", r.lane("pull").State)
			status, page := p.call(http.MethodGet, "", "")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, page, "ended, exit code "+strconv.Itoa(c.code))

			p.post("lanes/push/restart")
			after := p.awaitRunning(210)
			require.Equal(t, before.lane("push").StreamURL, after.lane("push").StreamURL, "the same port")
			require.Nil(t, after.lane("push").ExitCode)
		})
	}
}
