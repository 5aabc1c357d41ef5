package transport_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

func TestGapsAreToldFromTheReadersPosition(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		for _, test := range []struct {
			name      string
			last, seq uint64
			want      uint64
		}{
			{"a new reader misses nothing", 0, 100, 0},
			{"it goes on", 99, 100, 0},
			{"one is missing", 98, 100, 1},
			{"many are missing", 10, 100, 89},
			{"a repetition is no gap", 100, 100, 0},
		} {
			t.Run(test.name, func(t *testing.T) {
				c, s := open(t, name, transport.Options{Ready: "{}", Last: test.last})
				require.NoError(t, s.Send(s.ctx, message(test.seq, 10)))
				require.NoError(t, s.Close())
				body, err := io.ReadAll(c.stream())
				require.Error(t, err, "a stream never ends by itself")
				require.Equal(t, test.want > 0, strings.Contains(string(body), "event: gap"))
				require.Equal(t, test.want, s.stats.Read(time.Now()).Gaps)
			})
		}
	})
}

func TestSendBlocksWhileNobodyReads(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		ended := fill(t, s, s.ctx)
		stalled := s.stats.Read(time.Now())
		require.Equal(t, uint64(1), stalled.BacklogCount)

		go io.Copy(io.Discard, c) //nolint:errcheck // ends with the connection
		require.Eventually(t, func() bool {
			return s.stats.Read(time.Now()).Delivered > stalled.Delivered+1000
		}, patience, tick, "Send does not go on")
		require.NoError(t, s.Close())
		require.Error(t, <-ended)
		require.Zero(t, s.stats.Read(time.Now()).Write)
	})
}

// Whatever ends a connection ends a Send that waits for room on it.
func TestBlockedSendEnds(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		for _, test := range []struct {
			name string
			end  func(t *testing.T, c client, s opened, cancel context.CancelFunc)
			want error // nil: any
		}{
			{"the reader leaves", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
				require.NoError(t, c.Close())
			}, nil},
			{"the reader vanishes with a reset", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
				require.NoError(t, c.SetLinger(0))
				require.NoError(t, c.Close())
			}, nil},
			{"the reader says goodbye and reads no more", func(t *testing.T, c client, _ opened, _ context.CancelFunc) {
				require.NoError(t, c.CloseWrite())
			}, nil},
			{"the sink is closed", func(t *testing.T, _ client, s opened, _ context.CancelFunc) {
				require.NoError(t, s.Close())
			}, net.ErrClosed},
			{"its context ends", func(_ *testing.T, _ client, _ opened, cancel context.CancelFunc) {
				cancel()
			}, context.Canceled},
		} {
			t.Run(test.name, func(t *testing.T) {
				c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				ended := fill(t, s, ctx)
				test.end(t, c, s, cancel)
				select {
				case err := <-ended:
					require.Error(t, err)
					if test.want != nil {
						require.ErrorIs(t, err, test.want)
					}
				case <-time.After(patience):
					require.Fail(t, "Send still blocks")
				}
				select {
				case <-s.ctx.Done():
				case <-time.After(patience):
					require.Fail(t, "the connection's context has not ended")
				}
				require.Zero(t, s.stats.Read(time.Now()).Write)
			})
		}
	})
}

func TestEndOfAContextBetweenSendsLeavesTheConnection(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}"})
		ctx, cancel := context.WithCancel(context.Background())
		require.NoError(t, s.Send(ctx, message(1, 10)))
		cancel()
		require.ErrorIs(t, s.Send(ctx, message(2, 10)), context.Canceled)
		require.NoError(t, s.Send(s.ctx, message(2, 10)))
		require.NoError(t, s.ctx.Err())
	})
}

// A sign of life never stands in the middle of an event, however often it is
// tried.
func TestHeartbeatsBetweenEvents(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const count = 5000
		c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
		var work sync.WaitGroup
		sent := make(chan struct{})
		work.Go(func() {
			for {
				select {
				case <-sent:
					return
				default:
					s.Heartbeat(time.Now())
				}
			}
		})
		work.Go(func() {
			defer close(sent)
			for seq := range uint64(count) {
				if s.Send(s.ctx, message(seq+1, int(seq)%2000)) != nil {
					return
				}
			}
		})
		var r reader.Reader
		body, beats := c.stream(), 0 // those in the text
		buf := make([]byte, 4<<10)
		for r.Account().LastSeq < count || beats == 0 && c.pings.Load() == 0 {
			n, err := body.Read(buf)
			require.NoError(t, err)
			r.Feed(buf[:n], time.Now().UnixMicro())
			beats += strings.Count(string(buf[:n]), ": still here\n\n")
		}
		require.NoError(t, s.Close())
		work.Wait()
		a := r.Account()
		require.Equal(t, uint64(count), a.Messages)
		require.Zero(t, a.Gaps+a.Repeats+a.Malformed+a.Notices)
	})
}

func TestHeartbeatDoesNotWaitForAStalledReader(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
		ended := fill(t, s, s.ctx)
		for range 100 {
			s.Heartbeat(time.Now()) // would block for good, or cut the reader off
		}
		require.NoError(t, s.ctx.Err())
		require.NotZero(t, s.stats.Read(time.Now()).Write)
		require.NoError(t, s.Close())
		require.Error(t, <-ended)
	})
}

func TestManyReaders(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const readers, count = 50, 200
		addr, sinks := serve(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
		var work sync.WaitGroup
		for range readers {
			c := join(t, name, addr)
			s := <-sinks
			work.Go(func() {
				for seq := range uint64(count) {
					s.Heartbeat(time.Now())
					if err := s.Send(s.ctx, message(seq+1, 100)); err != nil {
						return
					}
				}
			})
			work.Go(func() {
				var r reader.Reader
				buf := make([]byte, 1<<10)
				body := c.stream()
				for r.Account().LastSeq < count {
					n, err := body.Read(buf)
					if err != nil {
						break
					}
					r.Feed(buf[:n], time.Now().UnixMicro())
				}
				a := r.Account()
				if a.Messages != count || a.Gaps+a.Repeats+a.Malformed != 0 || a.Ready != 1 {
					t.Errorf("account %+v", a)
				}
				c.Close()
			})
		}
		work.Wait()
	})
}
