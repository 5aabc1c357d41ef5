package strategy_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// passer is a source that has ended, and notes what it is offered.
type passer struct {
	before int // calls of Next
	send   func(*lane.Round, time.Time) int
}

func (p *passer) Next(context.Context) (lane.Message, error) {
	if p.send == nil {
		p.before++
	}
	return lane.Message{}, io.EOF
}

func (p *passer) Pass(send func(*lane.Round, time.Time) int) { p.send = send }

type taker struct {
	requests chan int
	rounds   []*lane.Round
}

func (*taker) Send(context.Context, lane.Message) error      { return nil }
func (*taker) SendAll(context.Context, []lane.Message) error { return nil }
func (s *taker) Requests() <-chan int                        { return s.requests }
func (s *taker) TrySend(r *lane.Round, _ time.Time) int {
	s.rounds = append(s.rounds, r)
	return len(r.Messages)
}

// Only a strategy that would do nothing else than send what comes lets it pass,
// and none where the reader's demand decides.
func TestWhoLetsMessagesPass(t *testing.T) {
	passes := map[string]bool{"push-buffered": true, "pull-drain": true}
	for _, d := range strategy.All {
		t.Run(d.Name, func(t *testing.T) {
			for _, demand := range []bool{false, true} {
				s, err := d.Make(nil)
				require.NoError(t, err)
				in, out := new(passer), new(taker)
				if demand {
					out.requests = make(chan int, 1)
					out.requests <- 1
				}
				require.ErrorIs(t, s.Run(t.Context(), in, out, new(lane.Stats)), io.EOF)
				require.Equal(t, passes[d.Name] && !demand, in.send != nil)
				if in.send != nil {
					require.Zero(t, in.before, "Next was called before Pass")
					round := lane.RoundOf([]lane.Message{{Seq: 1}})
					require.Equal(t, 1, in.send(round, time.Now()))
					require.Equal(t, []*lane.Round{round}, out.rounds)
				}
			}
		})
	}
}
