package e2e

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A stage where everything can be lost: by a queue's bound, by a trimmed stream,
// by a Redis that cuts a subscriber off, by a lane that ends.
const accountScenario = `version: 1
title: Where everything can be lost
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse, send_buffer: 16KiB}
  newest: {source: shared-pubsub, strategy: drop-oldest, options: {capacity: 16}, transport: sse, send_buffer: 16KiB}
  together: {source: shared-stream, strategy: pull-drain, transport: websocket}
workload: {kind: fixed, rate: 100/s, size: 2KiB}
readers:
  slow: {count: 6}
  steady: {count: 3, steady: true}
  piling: {count: 3, read: eventsource}
`

// account is one lane's, as GET /api/run says it, in bytes of event text.
type account struct {
	Produced  uint64 `json:"producedBytes"`
	Broker    uint64 `json:"inBrokerBytes"`
	Backlog   uint64 `json:"inBacklogBytes"`
	SendQueue uint64 `json:"inSendQueueBytes"`
	InFlight  uint64 `json:"inFlightBytes"`
	Held      uint64 `json:"inReaderBytes"`
	Consumed  uint64 `json:"consumedBytes"`

	LostStrategy uint64 `json:"lostStrategyBytes"`
	LostTrimmed  uint64 `json:"lostTrimmedBytes"`
	LostBroker   uint64 `json:"lostBrokerBytes"`
	LostLeft     uint64 `json:"lostLeftBytes"`

	Gap int64 `json:"gapBytes"`
}

// waiting is what is not yet consumed and can still be.
func (a account) waiting() uint64 { return a.Broker + a.Backlog + a.SendQueue + a.InFlight + a.Held }

func (a account) lost() uint64 {
	return a.LostStrategy + a.LostTrimmed + a.LostBroker + a.LostLeft
}

// accounts reads those of all lanes. Each is of a whole second.
func (p *program) accounts() map[string]account {
	p.t.Helper()
	status, body := p.call(http.MethodGet, "api/run", "")
	require.Equal(p.t, http.StatusOK, status, body)
	var r struct {
		Lanes []struct {
			Name    string
			Account account
		}
	}
	require.NoError(p.t, json.Unmarshal([]byte(body), &r))
	out := make(map[string]account, len(r.Lanes))
	for _, l := range r.Lanes {
		out[l.Name] = l.Account
	}
	return out
}

// standsStill is for how long nothing may move: three instants are alike.
const standsStill = 2200 * time.Millisecond

// settled waits until nothing moves any more and all is well.
func (p *program) settled(what string, well func(account) bool) map[string]account {
	p.t.Helper()
	var last map[string]account
	since := time.Now()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
		now, good := p.accounts(), true
		for name, a := range now {
			good = good && a.Produced > 0 && well(a)
			require.Equal(p.t, int64(a.Produced), int64(a.waiting()+a.lost()+a.Consumed)+a.Gap, "%s: the gap is what the sum lacks: %+v", name, a)
		}
		if !good || !maps.Equal(now, last) {
			since = time.Now()
		}
		if last = now; time.Since(since) > standsStill {
			return now
		}
	}
	shown, _ := json.MarshalIndent(last, "", "  ")
	require.FailNow(p.t, what, "%s\n%s", shown, p.out)
	return nil
}

// The account closes to the byte whenever everything stands still, wherever the
// bytes are then, and once all that can flow has flowed, nothing waits anywhere.
func TestTheAccountCloses(t *testing.T) {
	needsProc(t)
	file := filepath.Join(t.TempDir(), "account.yaml")
	require.NoError(t, os.WriteFile(file, []byte(accountScenario), 0o600))
	for _, on := range []string{"the embedded broker", "redis-server"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			args := []string{"--scenarios", filepath.Dir(file), "--scenario", "account"}
			if on == "redis-server" {
				needsRedis(t)
				args = append(args, "--redis", "local")
			}
			p := start(t, args...)
			for seed := range *accountSeeds {
				t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
					outer := p.t
					p.t = t
					defer func() { p.t = outer }()
					p.accountRun(rand.New(rand.NewPCG(seed, uint64(len(on)))))
				})
			}
		})
	}
}

var accountSeeds = flag.Uint64("accounts", 2, "how many runs each broker sees in the test of the account")

func (p *program) accountRun(random *rand.Rand) {
	p.post("reset")
	p.awaitRunning(12)
	var told []string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("what was done:\n%s", strings.Join(told, "\n"))
		}
	}()
	trimmed := make(map[string]uint64)
	for range 2 {
		for range 6 {
			told = append(told, p.disturb(random))
			<-time.After(time.Duration(50+random.IntN(400)) * time.Millisecond)
		}
		told = append(told, "everything stops")
		p.patch(`{"ratePerSecond": 0, "paused": true}`)
		for name, a := range p.settled("the account does not close at rest", func(a account) bool { return a.Gap == 0 }) {
			p.t.Logf("at rest, %s: %+v", name, a)
			trimmed[name] = a.LostTrimmed
		}
		p.patch(`{"ratePerSecond": 100, "paused": false}`)
	}
	told = append(told, "everything flows")
	p.patch(`{"ratePerSecond": 100, "paused": false, "throttleBytesPerSecond": null, "readers": {
		"slow": {"throttleBytesPerSecond": null, "paused": false, "away": false},
		"piling": {"throttleBytesPerSecond": null, "paused": false, "away": false}}}`)
	p.awaitRunning(12)
	<-time.After(time.Duration(random.IntN(300)) * time.Millisecond)
	p.patch(`{"ratePerSecond": 0}`)
	all := p.settled("something still waits", func(a account) bool { return a.Gap == 0 && a.waiting() == 0 })
	for name, a := range all {
		p.t.Logf("%s: %+v", name, a)
		require.Equal(p.t, a.Produced, a.Consumed+a.lost(), name)
		require.NotZero(p.t, a.Consumed, name)
		require.GreaterOrEqual(p.t, a.LostTrimmed, trimmed[name], "%s: nothing that was lost comes back", name)
	}
}

// disturb does one thing that moves bytes to another place, and tells what.
func (p *program) disturb(random *rand.Rand) string {
	group := []string{"slow", "piling"}[random.IntN(2)]
	switch random.IntN(10) {
	case 0, 1, 2:
		rate := []string{"null", "1000", "8000", "60000"}[random.IntN(4)]
		return p.told(`{"readers": {%q: {"throttleBytesPerSecond": %s}}}`, group, rate)
	case 3, 4:
		return p.told(`{"readers": {%q: {"paused": %v}}}`, group, random.IntN(3) > 0)
	case 5:
		return p.told(`{"readers": {%q: {"away": %v}}}`, group, random.IntN(2) > 0)
	case 6:
		return p.told(`{"retentionMessages": %d}`, []int{0, 100, 200}[random.IntN(3)])
	case 7:
		return p.told(`{"sizeBytes": %d}`, 128<<random.IntN(7))
	case 8:
		return fmt.Sprintf("Redis cuts %d subscribers off", p.cutSubscribers(1+random.IntN(4), random))
	}
	lane := []string{"push", "pull", "newest", "together"}[random.IntN(4)]
	if pid := p.state().lane(lane).PID; pid != 0 {
		process, err := os.FindProcess(pid)
		require.NoError(p.t, err)
		require.NoError(p.t, process.Kill())
		p.await(patience, lane+" is dead", func(r runState) bool { return r.lane(lane).State == "crashed" })
		status, body := p.call(http.MethodPost, "api/run/lanes/"+lane+"/restart", "")
		require.Less(p.t, status, 300, body)
	}
	return lane + " is killed and comes back"
}

func (p *program) told(format string, args ...any) string {
	patch := fmt.Sprintf(format, args...)
	p.patch(patch)
	return patch
}

var subscriber = regexp.MustCompile(`addr=(\S+) .*\bsub=[1-9]`)

// cutSubscribers lets the broker close connections of subscribers, as it does at
// its output limit.
func (p *program) cutSubscribers(count int, random *rand.Rand) (cut int) {
	conn, err := net.Dial("tcp", p.brokerAddr())
	require.NoError(p.t, err)
	defer conn.Close()
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(patience)))
	in := bufio.NewReader(conn)
	_, err = fmt.Fprint(conn, "CLIENT LIST\r\n")
	require.NoError(p.t, err)
	head, err := in.ReadString('\n')
	require.NoError(p.t, err)
	size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(head, "$")))
	require.NoError(p.t, err, head)
	list := make([]byte, size+len("\r\n"))
	for n := 0; n < len(list); {
		got, err := in.Read(list[n:])
		require.NoError(p.t, err)
		n += got
	}
	var found []string
	for line := range strings.Lines(string(list)) {
		if m := subscriber.FindStringSubmatch(line); m != nil {
			found = append(found, m[1])
		}
	}
	random.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	for _, addr := range found[:min(count, len(found))] {
		_, err = fmt.Fprintf(conn, "CLIENT KILL ADDR %s\r\n", addr)
		require.NoError(p.t, err)
		answer, err := in.ReadString('\n')
		require.NoError(p.t, err)
		if answer == ":1\r\n" {
			cut++
		}
	}
	return cut
}

// brokerAddr is where our broker listens, as the kernel tells it.
func (p *program) brokerAddr() string {
	pid := 0
	for _, id := range p.descendants() {
		text, _ := os.ReadFile("/proc/" + id + "/cmdline")
		args := strings.Split(string(text), "\x00")
		if len(args) > 1 && args[1] == "broker" || strings.HasPrefix(filepath.Base(args[0]), "redis-server") {
			pid, _ = strconv.Atoi(id)
		}
	}
	require.NotZero(p.t, pid, "no broker")
	sockets := make(map[string]bool)
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	require.NoError(p.t, err)
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil {
			sockets[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	table, err := os.ReadFile("/proc/net/tcp")
	require.NoError(p.t, err)
	for line := range strings.Lines(string(table)) {
		const listening = "0A"
		if f := strings.Fields(line); len(f) > 9 && f[3] == listening && sockets[f[9]] {
			_, port, _ := strings.Cut(f[1], ":")
			n, err := hex.DecodeString(port)
			require.NoError(p.t, err)
			return fmt.Sprintf("127.0.0.1:%d", int(n[0])<<8|int(n[1]))
		}
	}
	require.FailNow(p.t, "the broker listens nowhere")
	return ""
}
