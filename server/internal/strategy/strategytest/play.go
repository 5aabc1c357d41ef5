package strategytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"spillway/server/internal/strategy"
)

// reasonable bounds, by the clock of the bubble, how long a run may take to end.
const reasonable = 24 * time.Hour

// Play runs a case in a bubble of its own and says which property does not hold.
func (c Case) Play(t *testing.T) (err error) {
	d, ok := strategy.Find(c.Strategy)
	if !ok {
		return fmt.Errorf("there is no strategy %q", c.Strategy)
	}
	defer func() { // the bubble panics when a goroutine is left
		if left := recover(); left != nil {
			err = fmt.Errorf("after the run: %v", left)
		}
	}()
	synctest.Test(t, func(t *testing.T) { err = c.play(t, d) })
	return err
}

// play is the body of the bubble.
func (c Case) play(t *testing.T, d strategy.Definition) error {
	l := StartWith(t, d, c.Options, c.Demand, c.Fetched)
	o, err := d.Parse(c.Options)
	if err != nil {
		return err
	}
	p := play{Line: l, d: d, o: o}
	if err := p.steps(c.Steps); err != nil {
		l.cancel() // so that nothing is left
		return err
	}
	return p.end(c.End)
}

// play is a case while it runs.
type play struct {
	*Line
	d strategy.Definition
	o strategy.Options
}

func (p play) steps(steps []Step) error {
	for i, s := range steps {
		switch s.Do {
		case Give:
			for range s.N { // of several sizes, so that one cannot be counted for another
				p.SizeBytes = 10 + int(p.Given()%7)
				p.Give(1)
			}
		case Serve:
			p.Serve(s.N)
		case Request:
			if !p.Ended() {
				p.Request(s.N)
			}
		case Wait:
			<-time.After(time.Duration(s.N) * time.Millisecond)
			synctest.Wait()
			if err := p.check(); err != nil {
				return fmt.Errorf("step %d, %s: %w", i+1, s, err)
			}
		}
	}
	return nil
}

// end ends the run and checks what it leaves behind.
func (p play) end(how End) error {
	synctest.Wait()
	p.Source.Linger(time.Second)
	p.Sink.Linger(2 * time.Second)
	failed := errors.New("failed")
	want := error(nil)
	switch how {
	case Complete:
		want = io.EOF
		p.Serve(plenty - len(p.Sink.served))
		if p.Sink.requests != nil && !p.Ended() {
			p.Request(plenty)
		}
		p.Source.Fail(io.EOF)
	case Stop:
		want = context.Canceled
		p.cancel()
	case SourceFails:
		want = failed
		if p.Sink.requests != nil && !p.Ended() {
			p.Request(plenty)
		}
		p.Serve(plenty - len(p.Sink.served)) // until it comes to it
		p.Source.Fail(failed)
	case SinkFails:
		want = failed
		if p.Sink.requests != nil && !p.Ended() {
			p.Request(plenty)
		}
		<-time.After(time.Second)
		synctest.Wait()
		p.Sink.Fail(failed)
		for !p.Ended() && p.Given() < plenty { // until there is no room
			p.Give(1)
			<-time.After(time.Second)
			synctest.Wait()
		}
	}
	select {
	case <-p.done:
	case <-time.After(reasonable):
		p.cancel()
		return fmt.Errorf("after %s: Run does not return", how)
	}
	switch {
	case p.Source.calls.Load() > 0:
		return fmt.Errorf("after %s: Next is still running", how)
	case p.Sink.calls.Load() > 0:
		return fmt.Errorf("after %s: Send is still running", how)
	}
	if err := p.check(); err != nil {
		return fmt.Errorf("after %s: %w", how, err)
	}
	if p.closed() {
		return p.closedRightly()
	}
	if !errors.Is(p.err, want) {
		return fmt.Errorf("after %s: Run returned %v", how, p.err)
	}
	if c := p.Stats.Read(time.Now()); how == Complete && c.Delivered+c.Dropped != p.Given() {
		return fmt.Errorf("%d delivered and %d dropped of %d", c.Delivered, c.Dropped, p.Given())
	}
	return nil
}

// closed tells whether the strategy ended the stream by its rule.
func (p play) closed() bool {
	var closed *strategy.CloseError
	return p.Ended() && errors.As(p.err, &closed)
}
