package run

import (
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// secure tells whether a lane listens with TLS. Naming such a transport in the
// scenario is all that a person does for it.
func secure(plan script.Lane) bool {
	out, _ := transport.Find(plan.Transport)
	return out.Secure
}

// certificate is what the lane shows; nil for one without TLS. It is the same
// for all of a session, which its readers trust, and as a rule for all sessions.
// One that could not be made is empty, and the lane says so when it starts.
// c.mu is held.
func (s *session) certificate(plan script.Lane) *lane.Certificate {
	if !secure(plan) {
		return nil
	}
	if s.shown == nil {
		made, err := s.c.certificates.For(s.c.o.LaneHost, time.Now())
		if err != nil {
			s.log.Error("make certificate", "err", err)
			return new(lane.Certificate)
		}
		s.shown = &made
	}
	return s.shown
}

// trusted is the certificate that readers of this session's lanes trust, and no
// other; empty where no lane has one. c.mu is held.
func (s *session) trusted() string {
	for _, l := range s.lanes {
		if c := s.certificate(l.plan); c != nil {
			return c.Chain
		}
	}
	return ""
}
