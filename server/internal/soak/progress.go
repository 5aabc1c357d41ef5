package soak

import (
	"fmt"
	"time"
)

// say writes a line of progress.
func (s *soak) say(format string, args ...any) {
	fmt.Fprintf(s.o.Progress, "%6v  %s\n", time.Since(s.began).Round(time.Second), fmt.Sprintf(format, args...))
	s.spoken = time.Now()
}

// untilProgress speaks when it is time, and returns how long it is until the next
// time.
func (s *soak) untilProgress() time.Duration {
	if left := ProgressEvery - time.Since(s.spoken); left > 0 {
		return left
	}
	state := "rough"
	if !s.crew.rough.isOpen() {
		state = "calm"
	}
	v := s.crew.total(s.stage.firsts)
	s.say("%s  %d of %d readers  %d kills  %d restarts  %d messages  gaps %d  repeats %d  lost by the broker %d, not kept by Pub/Sub %d",
		state, s.crew.here(), len(s.crew.people), s.result.Kills, len(s.result.Restarts), v.Messages, v.Gap, v.Repeats, v.Broker, v.Unkept)
	return ProgressEvery
}
