package strategy

import (
	"context"
	"fmt"
	"time"

	"spillway/server/internal/lane"
)

// limitedSink ends the run when one write has waited for room for too long. It
// costs a timer that is set and stopped, and no memory for each write.
type limitedSink struct {
	Sink
	ctx      context.Context // of all writes; ends with the deadline as its cause
	cancel   context.CancelCauseFunc
	deadline time.Duration
	timer    *time.Timer
	fired    chan struct{}
}

func limitWrites(ctx context.Context, out Sink, deadline time.Duration) *limitedSink {
	s := &limitedSink{Sink: out, deadline: deadline, fired: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.timer = time.AfterFunc(deadline, func() {
		defer close(s.fired)
		s.cancel(&CloseError{ReasonWriteDeadline, fmt.Sprintf("a write waited %s for room", deadline)})
	})
	if !s.timer.Stop() {
		<-s.fired
	}
	return s
}

// Send blocks as the sink does, but for no longer than the deadline.
func (s *limitedSink) Send(_ context.Context, m lane.Message) error {
	s.timer.Reset(s.deadline)
	err := s.Sink.Send(s.ctx, m)
	if !s.timer.Stop() {
		<-s.fired
		return context.Cause(s.ctx)
	}
	return err
}

func (s *limitedSink) stop() { s.cancel(nil) }
