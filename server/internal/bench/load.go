package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"spillway/server/internal/child"
)

// LoadConfig is what the load is told: who serves, who reads, and what is fed.
type LoadConfig struct {
	Target        string // host:port of the serving process
	ServingPID    int
	Broker        string // host:port
	BrokerPID     int
	RunID         string
	Stream        bool // feed streams; else publish
	Own           bool // a channel for each reader; else one for all
	Readers       int
	Stalled       int     // of them, the first, that read nothing
	Slow          int     // of them, the next, that read SlowRate
	SlowRate      int     // bytes per second
	RatePerSecond float64 // of each channel; 0: as fast as the slowest reader allows
	Window        int     // messages under way then
	SizeBytes     int
	Idle          bool // nothing is fed
	Warm, Measure time.Duration
	AtLeast       uint64        // events of healthy readers, for which the measurement goes on if it must
	Patience      time.Duration // with messages that are under way at the end; 0: 2 s, of them 1 s in which none comes
	Profiles      bool          // the serving process has /debug/pprof
	ProfileFile   string        // where its processor profile goes; empty: none is taken
}

func (c LoadConfig) channels() int {
	if c.Own {
		return c.Readers
	}
	return 1
}

// channel is the name of the channel i.
func (c LoadConfig) channel(i int) string {
	if c.Own {
		return ownGroup + "-" + strconv.Itoa(i)
	}
	return sharedChannel
}

// The channels of all loads.
const (
	sharedChannel = "all"
	ownGroup      = "own"
)

// LoadReport is what the load found. Healthy readers are those that read as fast
// as they can.
type LoadReport struct {
	Error string `json:",omitempty"` // the rest means nothing then

	Seconds    float64 // of the measurement
	Events     uint64  // that healthy readers got in it
	AllEvents  uint64  // that any reader got in it
	ServingCPU float64 // seconds in it
	LoadCPU    float64
	BrokerCPU  float64

	AgeP50Micros, AgeP99Micros uint64 // on arrival at healthy readers
	Expected, Missing          uint64 // for healthy readers since each got its first; what had not come a while after the end
	Lost                       uint64 // never came, though every reader that reads was given the time to catch up
	Cut                        uint64 // connections that had ended before that

	RSSBeforeBytes int64 // with one reader
	RSSBytes       int64 // at the end
	RSSPeakBytes   int64
	RSSSlope       float64 // bytes per second, of a line through the last minute
	Allocations    float64 // of the serving process in the measurement; below 0: not visible
}

const (
	// joinPatience bounds connecting, and then the wait for first messages.
	joinPatience = 30 * time.Second
	// joinRate feeds until every reader has a first message.
	joinRate = 50.0
	// lastPatience is the default of LoadConfig.Patience.
	lastPatience = 2 * time.Second
	// look is how often a condition is looked at.
	look = 5 * time.Millisecond
)

// LoadMain is the process of the load. It reports once, and leaves when asked.
func LoadMain(ctx context.Context, cfg LoadConfig, link *child.Link, _ *slog.Logger) error {
	if err := link.Ready(struct{}{}); err != nil {
		return err
	}
	report, err := runLoad(ctx, cfg)
	if err != nil {
		report.Error = err.Error()
	}
	if err := link.Report(report); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// runLoad blocks until everything is measured.
func runLoad(ctx context.Context, cfg LoadConfig) (LoadReport, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	clocks, err := openClocks(cfg)
	if err != nil {
		return LoadReport{}, err
	}
	defer clocks.close()
	c := newCrowd(cfg)
	defer c.close()
	if cfg.Idle {
		return idleLoad(ctx, cfg, c, clocks)
	}
	if err := c.connect(ctx, 0, cfg.Readers); err != nil {
		return LoadReport{}, err
	}
	f, err := newFeed(ctx, cfg, c)
	if err != nil {
		return LoadReport{}, err
	}
	var answers sync.WaitGroup
	answers.Go(func() { cancel(f.listen(ctx)) })
	defer answers.Wait()
	defer f.close()

	if cfg.RatePerSecond == 0 {
		join, joined := context.WithCancel(ctx)
		go func() {
			defer joined()
			c.await(ctx, joinPatience, c.allHaveMessages) //nolint:errcheck // it is awaited again below
		}()
		err := f.paced(join, joinRate)
		if ctx.Err() != nil {
			return LoadReport{}, context.Cause(ctx)
		}
		if !errors.Is(err, context.Canceled) {
			return LoadReport{}, err
		}
	}
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	fed := make(chan error, 1)
	go func() {
		if cfg.RatePerSecond > 0 {
			fed <- f.paced(feeding, cfg.RatePerSecond)
		} else {
			fed <- f.flood(feeding)
		}
	}()
	if err := c.await(ctx, joinPatience, c.allHaveMessages); err != nil {
		return LoadReport{}, fmt.Errorf("wait for every reader's first message: %w", err)
	}
	if err := wait(ctx, cfg.Warm); err != nil {
		return LoadReport{}, context.Cause(ctx)
	}
	report, err := measure(ctx, cfg, c, clocks)
	stop()
	if feedErr := <-fed; feedErr != nil && !errors.Is(feedErr, context.Canceled) {
		err = errors.Join(err, feedErr)
	}
	if err != nil {
		return report, err
	}
	patience := cmp.Or(cfg.Patience, lastPatience)
	_ = c.await(ctx, patience, func() bool { return allHaveAll(c.healthy()) }) // who has not is counted
	report.Expected, report.Missing = account(c.healthy())
	report.Cut = c.cut.Load()
	c.release()
	c.awaitQuiet(ctx, patience/2)
	_, report.Lost = account(c.reading())
	return report, ctx.Err()
}

// idleLoad is the load that feeds nothing.
func idleLoad(ctx context.Context, cfg LoadConfig, c *crowd, clocks *clocks) (LoadReport, error) {
	if err := c.connect(ctx, 0, 1); err != nil {
		return LoadReport{}, err
	}
	if err := wait(ctx, cfg.Warm); err != nil {
		return LoadReport{}, err
	}
	before, err := clocks.read()
	if err != nil {
		return LoadReport{}, err
	}
	if err := c.connect(ctx, 1, cfg.Readers); err != nil {
		return LoadReport{}, err
	}
	report, err := measure(ctx, cfg, c, clocks)
	report.RSSBeforeBytes = before.rssBytes
	report.Cut = c.cut.Load()
	return report, err
}

// measure looks at everybody's clock, lets the load go on for a while, and looks
// again.
func measure(ctx context.Context, cfg LoadConfig, c *crowd, clocks *clocks) (LoadReport, error) {
	r := LoadReport{Allocations: -1}
	before, visible := allocated(ctx, cfg)
	c.resetAges()
	healthy, all := c.events()
	begin, err := clocks.read()
	if err != nil {
		return r, err
	}
	profiled := profile(ctx, cfg)
	rss := rssLine{}
	enough := func() bool {
		now, _ := c.events()
		return time.Since(begin.at) >= cfg.Measure && now-healthy >= cfg.AtLeast
	}
	for next := begin.at; !enough(); {
		now, err := clocks.read()
		if err != nil {
			return r, err
		}
		rss.add(now)
		next = next.Add(rssEvery)
		if err := wait(ctx, max(min(time.Until(next), time.Until(begin.at.Add(cfg.Measure))), look)); err != nil {
			return r, context.Cause(ctx)
		}
	}
	end, err := clocks.read()
	if err != nil {
		return r, err
	}
	healthyEnd, allEnd := c.events()
	if after, ok := allocated(ctx, cfg); ok && visible {
		r.Allocations = after - before
	}
	rss.add(end)
	r.Seconds = end.at.Sub(begin.at).Seconds()
	r.Events, r.AllEvents = healthyEnd-healthy, allEnd-all
	r.ServingCPU, r.LoadCPU, r.BrokerCPU = end.serving-begin.serving, end.load-begin.load, end.broker-begin.broker
	r.RSSBytes, r.RSSPeakBytes, r.RSSSlope = end.rssBytes, rss.peakBytes, rss.slope(slopeOver)
	ages := c.ages()
	r.AgeP50Micros, r.AgeP99Micros = ages.Quantile(0.5), ages.Quantile(0.99)
	return r, <-profiled
}
