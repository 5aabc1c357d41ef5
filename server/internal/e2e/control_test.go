package e2e

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is far above what a change takes to arrive, on a machine that is busy
// with other tests.
const patience = 30 * time.Second

// post asks the run to do something.
func (p *program) post(action string) {
	p.t.Helper()
	status, body := p.call(http.MethodPost, "api/run/"+action, "")
	require.Equal(p.t, http.StatusOK, status, body)
}

// patch changes settings of the run.
func (p *program) patch(settings string) {
	p.t.Helper()
	status, body := p.call(http.MethodPatch, "api/run", settings)
	require.Equal(p.t, http.StatusOK, status, body)
}

// awaitRunning waits until every lane has its readers and writes to them.
func (p *program) awaitRunning(readers uint64) runState {
	p.t.Helper()
	return p.await(patience, "all lanes run with their readers", func(r runState) bool {
		for _, l := range r.Lanes {
			if l.State != "running" || l.Readers < readers || l.DeliveredMessages == 0 {
				return false
			}
		}
		return r.State == "running"
	})
}

// awaitLog waits for a line of the run's log.
func (p *program) awaitLog(part string) runState {
	p.t.Helper()
	return p.await(patience, "the log says "+part, func(r runState) bool { return r.says(part) })
}

func (r runState) says(part string) bool {
	for _, e := range r.Log {
		if strings.Contains(e.Text, part) {
			return true
		}
	}
	return false
}

// gone tells whether a process has ended. One that waits for its parent to take
// notice has.
func gone(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return true
	}
	_, fields, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(fields, "Z")
}

// requireGone waits until none of the processes is left.
func requireGone(t *testing.T, pids []string) {
	t.Helper()
	require.NotEmpty(t, pids, "there was nothing that could be left behind")
	require.Eventually(t, func() bool {
		for _, pid := range pids {
			if !gone(pid) {
				return false
			}
		}
		return true
	}, patience, 20*time.Millisecond, "some of %v stay", pids)
}

// mode finds the child with this first argument. One that is being started has
// it in a moment.
func (p *program) mode(name string) (pid int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		for _, id := range p.descendants() {
			text, _ := os.ReadFile("/proc/" + id + "/cmdline")
			if args := strings.Split(string(text), "\x00"); len(args) > 1 && args[1] == name {
				pid, _ = strconv.Atoi(id)
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond, "there is no child %s: %s", name, p.out)
	return pid
}

// goroutines counts those of the server process.
func (p *program) goroutines() int {
	p.t.Helper()
	status, body := p.call(http.MethodGet, "debug/pprof/goroutine?debug=1", "")
	require.Equal(p.t, http.StatusOK, status)
	total := regexp.MustCompile(`^goroutine profile: total (\d+)`).FindStringSubmatch(body)
	require.NotNil(p.t, total, body)
	n, err := strconv.Atoi(total[1])
	require.NoError(p.t, err)
	return n
}

// files counts what the server process has open.
func (p *program) files() int {
	p.t.Helper()
	entries, err := os.ReadDir("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/fd")
	require.NoError(p.t, err)
	return len(entries)
}

// needsProc skips where processes cannot be looked at from outside.
func needsProc(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this OS does not show processes under /proc")
	}
}
