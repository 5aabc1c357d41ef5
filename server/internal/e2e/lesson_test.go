package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quickLesson makes the default lesson short: fewer readers, larger messages, and
// a limit that push reaches within seconds.
const quickLesson = `{
	"readers": {"slow": {"count": 40}, "healthy": {"count": 5}}, "ratePerSecond": 20, "sizeBytes": 32768,
	"lanes": {"push": {"limitBytes": 134217728}}
}`

// playLesson plays the lesson through: slowed, push dies, released, pull catches
// up and has lost nothing.
func (p *program) playLesson() {
	p.t.Helper()
	p.post("start")
	p.awaitRunning(1)
	p.patch(quickLesson)
	p.await(patience, "45 readers in each lane", func(r runState) bool {
		return r.lane("push").Readers == 45 && r.lane("pull").Readers == 45
	})
	p.patch(`{"throttleBytesPerSecond": 0}`)
	dead := p.await(2*patience, "push is killed", func(r runState) bool { return r.lane("push").State == "killed" })
	push, pull := dead.lane("push"), dead.lane("pull")
	require.Equal(p.t, 137, *push.ExitCode)
	require.Contains(p.t, push.Exit, "(SIGKILL): RSS ")
	require.Greater(p.t, push.RSSBytes, push.LimitBytes, "the last sample is the one that decided")
	require.Zero(p.t, push.PID)
	require.True(p.t, dead.says("push was killed: "), "%v", dead.Log)
	require.True(p.t, dead.says("exit code 137. 45 readers were cut off. It took "), "%v", dead.Log)
	require.Equal(p.t, "running", pull.State)
	require.Less(p.t, pull.RSSBytes, push.RSSBytes/2, "the same load in the same run")

	p.patch(`{"throttleBytesPerSecond": null}`)
	after := p.awaitLog("pull has caught up: its readers got every message, none lost, none twice.")
	require.Zero(p.t, after.lane("pull").Gaps)
	require.Zero(p.t, after.lane("pull").Repeats)

	p.post("lanes/push/restart")
	again := p.await(patience, "push and its readers are back", func(r runState) bool {
		return r.lane("push").State == "running" && r.lane("push").Readers == 45 && r.lane("push").DeliveredMessages > 0
	})
	require.Positive(p.t, again.lane("push").Gaps, "what died with push is missing")
	require.Zero(p.t, again.lane("pull").Gaps)
}

func TestTheLesson(t *testing.T) {
	start(t).playLesson()
}

func TestTheLessonOnALocalRedis(t *testing.T) {
	needsRedis(t)
	start(t, "--redis", "local").playLesson()
}

// redisServer is a Redis of somebody else.
type redisServer struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
	args []string
}

func needsRedis(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("redis-server")
	require.NoError(t, err, "install redis-server (Debian: apt-get install redis-server)")
}

// newRedis chooses a port for a Redis that is not running yet.
func newRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	needsRedis(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return &redisServer{t: t, addr: l.Addr().String(), args: args}
}

func (r *redisServer) start() {
	r.t.Helper()
	_, port, _ := strings.Cut(r.addr, ":")
	r.cmd = exec.Command("redis-server", append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.t.TempDir(),
	}, r.args...)...)
	require.NoError(r.t, r.cmd.Start())
	cmd := r.cmd
	r.t.Cleanup(func() { stopRedis(cmd) })
	require.Eventually(r.t, func() bool {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, patience, 10*time.Millisecond)
}

func stopRedis(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// keys asks how many keys there are.
func (r *redisServer) keys() string {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	defer conn.Close()
	require.NoError(r.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "DBSIZE\r\n")
	require.NoError(r.t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(r.t, err)
	return strings.TrimSpace(line)
}

func TestARemoteRedisComesAndGoes(t *testing.T) {
	redis := newRedis(t)
	p := start(t, "--redis", "redis://"+redis.addr)
	p.post("start")
	r := p.await(patience, "the page says what is wrong", func(r runState) bool { return r.Notice != "" })
	require.Equal(t, "starting", r.State)
	require.Contains(t, r.Notice, "redis at "+redis.addr+" is unreachable: connection refused")

	redis.start()
	p.awaitRunning(210)
	p.awaitLog("The broker is back. The run goes on.")

	stopRedis(redis.cmd)
	r = p.await(patience, "the run waits", func(r runState) bool { return r.State == "waiting" })
	require.Contains(t, r.Notice, "unreachable")
	for _, name := range []string{"push", "pull"} {
		require.Equal(t, "running", r.lane(name).State, "the lanes live on")
		require.NotZero(t, r.lane(name).PID)
	}

	redis.start()
	p.awaitLog("The broker was started anew, without what it had held.")
	r = p.awaitLog("lost with the broker: what waited there for its readers is a gap for them.")
	require.Positive(t, r.Broker.LostMessages)
	delivered := r.lane("pull").DeliveredMessages
	r = p.await(patience, "both lanes go on", func(r runState) bool {
		return r.State == "running" && r.Notice == "" && r.lane("pull").DeliveredMessages > delivered+1000 && r.lane("push").DeliveredPerSecond > 0
	})
	require.False(t, r.says("is full"), "%v", r.Log)

	require.NotEqual(t, ":0", redis.keys())
	p.post("stop")
	require.Equal(t, ":0", redis.keys(), "nothing of the run stays in somebody else's Redis")
}

func TestARedisThatRefusesThePassword(t *testing.T) {
	redis := newRedis(t, "--requirepass", "right")
	redis.start()
	wrong := start(t, "--redis", "redis://:wrong@"+redis.addr)
	wrong.post("start")
	r := wrong.await(patience, "the page says what is wrong", func(r runState) bool { return r.Notice != "" })
	require.Contains(t, r.Notice, "redis at "+redis.addr+": password refused")
	_, body := wrong.call(http.MethodGet, "api/run", "")
	require.NotContains(t, body, "wrong@", "no password on the page")
	wrong.post("stop")

	right := start(t, "--redis", "redis://:right@"+redis.addr)
	right.post("start")
	right.awaitRunning(210)
}

func TestAClassroom(t *testing.T) {
	p := startCommand(t, exec.Command(binary, "--listen", "0.0.0.0:0", "--recordings", "off"))
	u, err := url.Parse(p.URL)
	require.NoError(t, err)
	token := u.Query().Get("token")
	require.NotEmpty(t, token)
	p.URL = "http://" + u.Host + "/"
	require.Eventually(t, func() bool { return strings.Contains(p.out.String(), "Ctrl-C ends it.") }, patience, time.Millisecond)
	require.Regexp(t, regexp.MustCompile(`to steer  http://[0-9.]+:\d+/\?token=`+token), p.out.String())
	require.Regexp(t, regexp.MustCompile(`to watch  http://[0-9.]+:\d+/\n`), p.out.String())

	status, page := p.call(http.MethodGet, "", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, `data-steer="false"`)
	status, body := p.call(http.MethodPost, "api/run/stop", "")
	require.Equal(t, http.StatusForbidden, status, body)
	r := p.awaitRunning(210) // opening the page is enough

	request, err := http.NewRequest(http.MethodPost, p.URL+"api/run/stop", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "stopped", p.state().State)
	require.NotEmpty(t, r.lane("pull").StreamURL)
}
