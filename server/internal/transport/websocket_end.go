package transport

import (
	"time"

	"github.com/gorilla/websocket"
)

const (
	// momentToSay is how long the goroutine that watches waits for a Send to end
	// before it says goodbye. One that takes longer waits for room.
	momentToSay = 10 * time.Millisecond
	// patienceForReply is how long a reader that was told the end may take to
	// answer. Closing earlier could throw away what the kernel still has for it: a
	// connection that is closed with bytes unread is reset.
	patienceForReply = 250 * time.Millisecond
	// pongPatience is how many heartbeats a ping may stay unanswered.
	pongPatience = 2
)

// badRequest is the reason told to readers that have sent what they may not, in
// the word of the strategies.
const badRequest = "bad-request"

// goodbye is what a reader is told at the end.
type goodbye struct {
	code   int    // of the close frame; 0: nothing is told
	reason string // in it
	event  string // reason in the event "close" before it; empty: no such event
	reply  bool   // the reader said it first
	said   chan<- struct{}
}

// closeCode is the code for the reason of an end (RFC 6455, section 7.4.1, and
// the registry of IANA). With 1013, try again later, the reader may come back.
func closeCode(reason string) int {
	switch reason {
	case "complete":
		return websocket.CloseNormalClosure
	case badRequest:
		return websocket.ClosePolicyViolation
	}
	return websocket.CloseTryAgainLater
}

// answer writes what the goroutine that watches owes the reader, unless
// something is being written; whoever does that comes here afterwards.
func (s *socketSink) answer() {
	for (s.pong.Load() != nil || s.bye.Load() != nil) && s.mu.TryLock() {
		if bye := s.bye.Swap(nil); bye != nil {
			s.say(*bye)
			close(bye.said)
		} else if !s.writePong() {
			s.mu.Unlock()
			return // the next write takes it along
		}
		s.mu.Unlock()
	}
}

// writePong answers the last ping, if there is room; mu is held.
func (s *socketSink) writePong() (room bool) {
	if s.ended {
		s.pong.Store(nil)
		return true
	}
	if len(s.owed) == 0 {
		payload := s.pong.Swap(nil)
		if payload == nil {
			return true
		}
		s.owed = appendPong(s.owed, *payload)
	}
	return s.writeOrOwe(s.owed)
}

// say tells the end if that takes at most a moment; mu is held. It reports
// whether the reader will get to know.
func (s *socketSink) say(bye goodbye) bool {
	if s.ended {
		return false
	}
	s.ended = true
	if bye.event != "" {
		s.begin(s.owed)
		s.appendClose(bye.event)
		s.buf = appendGoodbye(s.seal(), bye.code, bye.reason)
	} else {
		s.buf = appendGoodbye(append(s.buf[:0], s.owed...), bye.code, bye.reason)
	}
	return s.writeOrOwe(s.buf)
}

// Heartbeat pings after a silence, unless a Send is under way, and ends a
// connection that is dead. It never waits for a Send.
//
// That a ping stays unanswered says little: a reader that has paused cannot see
// one that lies behind what it has not read, and some do not read at all, yet
// their machines are well and keep everything for them. Those are the readers
// this project is about, and they must stay. So besides a pong that is missing
// for two heartbeats it takes that nothing is being written, that no event was
// written after the ping, and that the kernel has bytes on the way and has heard
// nothing from the other machine since (see silent). A window that is shut is
// not that: it lets no bytes on the way. TCP_USER_TIMEOUT would not do: since
// Linux 5.11 it also ends connections whose reader keeps its window shut and
// answers every probe.
//
// A machine that owes an answer for as long is gone whatever is being written;
// see dead.
func (s *socketSink) Heartbeat(now time.Time) {
	if s.dead() {
		s.conn.Close()
		return
	}
	if !s.mu.TryLock() {
		return
	}
	s.beat(now)
	s.mu.Unlock()
	s.answer()
}

func (s *socketSink) beat(now time.Time) {
	if s.ended {
		return
	}
	if at := s.pinged.Load(); at > 0 {
		since := now.Sub(time.Unix(0, at))
		if since >= pongPatience*s.heartbeat && s.silent(s.conn, since) {
			s.conn.Close()
			return
		}
	}
	if now.Sub(s.spoken) < s.heartbeat {
		return
	}
	s.buf = append(s.buf[:0], s.owed...)
	if len(s.owed) == 0 {
		s.buf = appendPing(s.buf)
	}
	at := now.UnixNano()
	first := s.pinged.CompareAndSwap(0, at) // before the answer can come
	if !s.writeOrOwe(s.buf) && first {
		s.pinged.CompareAndSwap(at, 0)
	}
}

// CloseWith sends the event "close" with the reason, and a close frame with its
// code, unless a Send is under way or there is no room for them. It waits a
// moment for the reader's answer, and closes. A reader that was told may come
// back: the event has no id, so its last one stays.
func (s *socketSink) CloseWith(reason string) error {
	if s.mu.TryLock() {
		told := s.ended || s.say(goodbye{code: closeCode(reason), reason: reason, event: reason})
		s.mu.Unlock()
		if told {
			s.conn.SetReadDeadline(time.Now().Add(patienceForReply))
			<-s.gone // which has closed it
			return nil
		}
	}
	return s.Close()
}
