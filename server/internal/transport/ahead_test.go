package transport_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

// A write may end anywhere in a batch. Whatever the reader takes and when, it
// gets every event whole and in order, and both ends count the same bytes.
func TestBatchesThatDoNotFit(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const batches = 25
		c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		random := rand.New(rand.NewPCG(4, 2))
		done := make(chan struct{})
		go func() {
			defer close(done)
			seq := uint64(0)
			for range batches {
				var ms []lane.Message
				for range 1 + random.IntN(64) {
					seq++
					if random.IntN(20) == 0 {
						seq += 3 // a hole
					}
					ms = append(ms, message(seq, 1+random.IntN(8000)))
				}
				if err := s.SendAll(s.ctx, ms); err != nil {
					t.Error(err)
				}
			}
			if err := s.CloseWith("complete"); err != nil {
				t.Log("close:", err)
			}
		}()
		// Nobody reads until there is no room.
		require.Eventually(t, func() bool { return s.stats.Read(time.Now()).Write > 50*time.Millisecond }, patience, tick)
		before := s.stats.Read(time.Now())
		var r reader.Reader
		in, buf := c.stream(), make([]byte, 10_000)
		slow := rand.New(rand.NewPCG(3, 1))
		for {
			n, err := in.Read(buf[:1+slow.IntN(len(buf))])
			r.Feed(buf[:n], 0)
			if err != nil {
				break
			}
		}
		<-done
		account, counts := r.Account(), s.stats.Read(time.Now())
		require.Greater(t, account.Messages, before.Delivered)
		require.Equal(t, counts.Delivered, account.Messages)
		require.Equal(t, counts.Gaps, account.Gaps)
		require.Positive(t, account.Gaps)
		require.Zero(t, account.Repeats)
		require.Zero(t, account.Malformed)
		require.Equal(t, counts.Written, account.LastSeq)
		require.Equal(t, counts.SentBytes, account.Bytes)
	})
}
