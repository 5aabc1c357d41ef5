package transport_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// drained is a sink whose reader reads everything, without allocating.
func drained(t testing.TB) opened {
	addr, sinks := serve(t, transport.Options{Ready: "{}"})
	c := dial(t, addr, get)
	go io.Copy(io.Discard, struct{ io.Reader }{c}) //nolint:errcheck // ends with the connection
	return <-sinks
}

func TestSendDoesNotAllocate(t *testing.T) {
	s := drained(t)
	m := message(1, 1000)
	require.NoError(t, s.Send(s.ctx, m)) // the buffer grows to its size
	allocs := testing.AllocsPerRun(1000, func() {
		m.Seq++
		if err := s.Send(s.ctx, m); err != nil {
			panic(err)
		}
	})
	require.Zero(t, allocs)
}

func BenchmarkSend(b *testing.B) {
	for _, size := range []int{200, 4 << 10} {
		b.Run(map[int]string{200: "200B", 4 << 10: "4KiB"}[size], func(b *testing.B) {
			s := drained(b)
			var m lane.Message = message(1, size)
			b.SetBytes(int64(m.Bytes()))
			b.ReportAllocs()
			for b.Loop() {
				m.Seq++
				if err := s.Send(s.ctx, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
