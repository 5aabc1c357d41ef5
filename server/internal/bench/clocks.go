package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/sample"
)

const (
	// rssEvery is how often memory is read during a measurement.
	rssEvery = 250 * time.Millisecond
	// slopeOver is how much of its end the slope is taken from.
	slopeOver = time.Minute
)

// clocks reads the processes of a run from outside.
type clocks struct{ serving, load, broker *sample.Proc }

// reading is what the clocks said at one moment: processor time in seconds.
type reading struct {
	at                    time.Time
	serving, load, broker float64
	rssBytes              int64 // of the serving process
}

func openClocks(cfg LoadConfig) (*clocks, error) {
	c := new(clocks)
	for _, of := range []struct {
		to  **sample.Proc
		pid int
	}{{&c.serving, cfg.ServingPID}, {&c.broker, cfg.BrokerPID}, {&c.load, os.Getpid()}} {
		p, err := sample.OpenProc(of.pid)
		if err != nil {
			c.close()
			return nil, err // says which
		}
		*of.to = p
	}
	return c, nil
}

func (c *clocks) close() {
	for _, p := range []*sample.Proc{c.serving, c.load, c.broker} {
		if p != nil {
			_ = p.Close() // opened for reading
		}
	}
}

func (c *clocks) read() (reading, error) {
	serving, err := c.serving.Read()
	load, loadErr := c.load.Read()
	broker, brokerErr := c.broker.Read()
	if err := errors.Join(err, loadErr, brokerErr); err != nil {
		return reading{}, fmt.Errorf("read the clocks of a run: %w", err)
	}
	return reading{
		at: serving.At, rssBytes: serving.RSSBytes,
		serving: serving.CPU.Seconds(), load: load.CPU.Seconds(), broker: broker.CPU.Seconds(),
	}, nil
}

// rssLine are readings of memory.
type rssLine struct {
	all       []reading
	peakBytes int64
}

func (l *rssLine) add(r reading) {
	l.all = append(l.all, r)
	l.peakBytes = max(l.peakBytes, r.rssBytes)
}

// slope is that of the line with the least squares through the readings of the
// last stretch, in bytes per second; 0 for less than two readings.
func (l *rssLine) slope(last time.Duration) float64 {
	if len(l.all) == 0 {
		return 0
	}
	end := l.all[len(l.all)-1].at
	var n, sumX, sumY, sumXX, sumXY float64
	for _, r := range l.all {
		if end.Sub(r.at) > last {
			continue
		}
		x, y := -end.Sub(r.at).Seconds(), float64(r.rssBytes)
		n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	if d := n*sumXX - sumX*sumX; d > 0 {
		return (n*sumXY - sumX*sumY) / d
	}
	return 0
}

// allocated asks the serving process how many objects it has allocated so far.
// It reports false where that is not visible.
func allocated(ctx context.Context, cfg LoadConfig) (float64, bool) {
	if !cfg.Profiles {
		return 0, false
	}
	body, err := get(ctx, "http://"+cfg.Target+"/debug/pprof/allocs?debug=1")
	if err != nil {
		return 0, false
	}
	defer body.Close()
	for lines := bufio.NewScanner(body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "# Mallocs = "); ok {
			n, err := strconv.ParseUint(text, 10, 64)
			return float64(n), err == nil
		}
	}
	return 0, false
}

// profile takes a profile of the serving process's processor time while the
// measurement runs. The channel yields once it is written, or not asked for.
func profile(ctx context.Context, cfg LoadConfig) <-chan error {
	done := make(chan error, 1)
	if cfg.ProfileFile == "" || !cfg.Profiles {
		done <- nil
		return done
	}
	go func() { done <- writeProfile(ctx, cfg) }()
	return done
}

func writeProfile(ctx context.Context, cfg LoadConfig) error {
	seconds := max(int(cfg.Measure.Seconds()), 1)
	body, err := get(ctx, "http://"+cfg.Target+"/debug/pprof/profile?seconds="+strconv.Itoa(seconds))
	if err != nil {
		return fmt.Errorf("take profile: %w", err)
	}
	defer body.Close()
	file, err := os.Create(cfg.ProfileFile)
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	_, err = io.Copy(file, body)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	return nil
}

func get(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return response.Body, nil
}
