package crowd

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

// feed is a connection that a test writes.
type feed struct {
	io.Reader
	close func()
}

func (f feed) Close() error { f.close(); return nil }

// nobody hangs up.
func nobody(err error) { panic(err) }

func newFeed() (*io.PipeWriter, feed) {
	r, w := io.Pipe()
	return w, feed{r, sync.OnceFunc(func() { r.Close() })}
}

// A pile gives back what was put, however both sides are cut, and then has
// nothing left.
func TestPileGivesBackWhatWasPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, held := &hold{most: MaxHeldAllBytes}, new(atomic.Int64)
		w, in := newFeed()
		gone := make(chan struct{})
		p := newPile(t.Context(), nobody, in, all, held, func() { close(gone) })
		random := rand.New(rand.NewPCG(1, 2))
		var put, got []byte
		for range 2000 {
			b := make([]byte, random.IntN(9000))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			put = append(put, b...)
			_, err := w.Write(b)
			require.NoError(t, err)
			synctest.Wait()
			require.EqualValues(t, len(put)-len(got), held.Load())
			require.EqualValues(t, held.Load(), all.bytes.Load())
			for held.Load() > 0 && random.IntN(3) > 0 {
				b := make([]byte, 1+random.IntN(12_000))
				n, err := p.Read(b)
				require.NoError(t, err)
				got = append(got, b[:n]...)
			}
		}
		require.NoError(t, w.Close())
		<-gone
		rest, err := io.ReadAll(p)
		require.NoError(t, err)
		got = append(got, rest...)
		require.True(t, bytes.Equal(put, got))
		require.Zero(t, held.Load()+all.bytes.Load())
		require.NoError(t, p.Close())
	})
}

func TestPileEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, held := &hold{most: MaxHeldAllBytes}, new(atomic.Int64)
		w, in := newFeed()
		p := newPile(t.Context(), nobody, in, all, held, func() {})
		_, err := w.Write(make([]byte, 100_000))
		require.NoError(t, err)
		synctest.Wait()
		require.EqualValues(t, 100_000, held.Load())
		require.NoError(t, p.Close())
		require.Zero(t, held.Load()+all.bytes.Load())
		_, err = w.Write([]byte{1})
		require.ErrorIs(t, err, io.ErrClosedPipe)
	})
}

// The room of all is shared: whoever finds none hangs up, the other keeps what
// it has.
func TestAllReadersShareTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &hold{most: 100_000}
		open := func() (*io.PipeWriter, *pile) {
			w, in := newFeed()
			ctx, end := context.WithCancelCause(t.Context())
			p := newPile(ctx, end, in, all, new(atomic.Int64), func() {})
			t.Cleanup(func() { p.Close() })
			return w, p
		}
		wa, a := open()
		wb, b := open()
		_, err := wa.Write(make([]byte, 80_000))
		require.NoError(t, err)
		_, err = wb.Write(make([]byte, 80_000))
		require.ErrorIs(t, err, io.ErrClosedPipe)
		synctest.Wait()
		_, err = b.Read(make([]byte, 10))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, context.Cause(b.ctx), errHungUp)
		require.EqualValues(t, 80_000, a.held.Load())
		require.EqualValues(t, 80_000, all.bytes.Load())
	})
}

// A tab that holds too much ends. It comes back behind what it has read.
func TestAReaderAtItsCapHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := newFakeLane(t, 10*time.Millisecond, 250_000) // 25 MB/s
		link, _ := startCrowd(t, oneLane(Group{Name: "g", Count: 1, BytesPerSecond: 1_000_000, Read: reader.Socket}), lane.dial)
		var highest uint64
		var words string
		for link.cell("pull", "g").Disconnects == 0 {
			time.Sleep(reportEvery)
			synctest.Wait()
			highest = max(highest, link.cell("pull", "g").Held)
			lane.do(func() { lane.refuse = highest > reader.MaxHeldBytes/2 }) // so that the words stay
		}
		words = link.cell("pull", "g").Trouble
		require.Greater(t, highest, uint64(reader.MaxHeldBytes-4_000_000))
		require.LessOrEqual(t, highest, uint64(reader.MaxHeldBytes))
		require.Zero(t, link.cell("pull", "g").Held)
		if words != "connect: connection refused" { // it may have knocked again by now
			require.Equal(t, "hung up: 64 MiB had arrived and were not read, the most a reader holds", words)
		}
		require.EqualValues(t, 1, link.cell("pull", "g").HungUp)
		lane.do(func() { lane.refuse = false })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 1, link.cell("pull", "g").Connected)
		lane.do(func() {
			read := link.cell("pull", "g").Messages
			require.InDelta(t, read, atoi(t, lane.lasts[len(lane.lasts)-1]), 10)
		})
	})
}
