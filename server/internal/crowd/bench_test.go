//go:build unix

package crowd

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

// laneProcess starts a lane in a process of its own, so that what is measured
// here is the crowd alone. It runs until its stdin is closed.
func laneProcess(b *testing.B, gap time.Duration, size int) (url string) {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkLaneProcess$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), "CROWD_LANE="+strconv.Itoa(int(gap)), "CROWD_SIZE="+strconv.Itoa(size))
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StderrPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return line[:len(line)-1]
}

// BenchmarkLaneProcess is no benchmark but the process that laneProcess starts.
func BenchmarkLaneProcess(b *testing.B) {
	gap, err := strconv.Atoi(os.Getenv("CROWD_LANE"))
	if err != nil {
		b.Skip("started by the other benchmarks")
	}
	size, err := strconv.Atoi(os.Getenv("CROWD_SIZE"))
	require.NoError(b, err)
	lane := newSocketLane(b, time.Duration(gap), size)
	fmt.Fprintln(os.Stderr, lane.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
	lane.CloseClientConnections()
}

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCPU reports the share of one core that a crowd takes. One iteration
// is a second. Run it with -benchtime 5x.
func BenchmarkCPU(b *testing.B) {
	for _, c := range []struct {
		name   string
		count  int
		gap    time.Duration
		paused bool
	}{
		{"8000 messages a second to 400 readers", 400, 50 * time.Millisecond, false},
		{"8000 messages a second to 40 readers", 40, 5 * time.Millisecond, false},
		{"420 readers at rest", 420, time.Hour, false},
		{"420 readers paused", 420, 20 * time.Millisecond, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			cell, stop := connected(b, laneProcess(b, c.gap, 2048), c.count, c.paused)
			defer stop()
			used, before := cpu(b), cell()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			b.ReportMetric(100*(cpu(b)-used).Seconds()/b.Elapsed().Seconds(), "%core")
			b.ReportMetric(float64(cell().Messages-before.Messages)/b.Elapsed().Seconds(), "messages/s")
			require.Zero(b, cell().Gaps+cell().Refused)
		})
	}
}

// connected runs a crowd with all its readers connected.
func connected(b *testing.B, url string, count int, paused bool) (cell func() CellReport, stop func()) {
	b.Helper()
	link, stop := startCrowd(b, Config{
		Lanes:  []Lane{{Name: "pull", URL: url}},
		Groups: []Group{{Name: "g", Count: count, BytesPerSecond: throttle.Unlimited, Paused: paused}},
	}, nil)
	require.Eventually(b, func() bool { return link.cell("pull", "g").Connected == uint64(count) }, patience, 10*time.Millisecond)
	return func() CellReport { return link.cell("pull", "g") }, stop
}

// BenchmarkIdle reports what one connected reader without traffic costs in
// memory, next to what it would cost through http.Transport.
func BenchmarkIdle(b *testing.B) {
	const count = 400
	report := func(b *testing.B, before uint64, goroutines int) {
		b.ReportMetric(float64(memory()-before)/count/1024, "KiB/reader")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/count, "goroutines/reader")
	}
	b.Run("crowd", func(b *testing.B) {
		url := laneProcess(b, time.Hour, 2048)
		before, goroutines := memory(), runtime.NumGoroutine()
		_, stop := connected(b, url, count, false)
		defer stop()
		for b.Loop() {
		}
		report(b, before, goroutines)
	})
	b.Run("transport", func(b *testing.B) {
		url := laneProcess(b, time.Hour, 2048)
		before, goroutines := memory(), runtime.NumGoroutine()
		transport := &http.Transport{DialContext: dialer(DefaultBufferBytes, DefaultSegmentBytes), ReadBufferSize: bufferBytes, WriteBufferSize: 1 << 10}
		defer transport.CloseIdleConnections()
		for range count {
			r, err := (&http.Client{Transport: transport}).Get(url)
			require.NoError(b, err)
			defer r.Body.Close()
			go func() { _, _ = r.Body.Read(make([]byte, maxReadBytes)) }() // as a reader waits
		}
		for b.Loop() {
		}
		report(b, before, goroutines)
	})
}

// memory is heap and stacks in use after a collection.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
