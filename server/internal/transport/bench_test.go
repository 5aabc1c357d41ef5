package transport_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// drained is a sink whose reader reads everything, without allocating.
func drained(t testing.TB, name string) opened {
	c, s := open(t, name, transport.Options{Ready: "{}"})
	go io.Copy(io.Discard, struct{ io.Reader }{c}) //nolint:errcheck // ends with the connection
	return s
}

func TestSendDoesNotAllocate(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		s := drained(t, name)
		m := message(1, 1000)
		require.NoError(t, s.Send(s.ctx, m)) // the buffer grows to its size
		allocs := testing.AllocsPerRun(1000, func() {
			m.Seq++
			if err := s.Send(s.ctx, m); err != nil {
				panic(err)
			}
		})
		require.Zero(t, allocs)
	})
}

func BenchmarkSend(b *testing.B) {
	for _, d := range transport.All {
		if d.Secure {
			continue
		}
		for size, text := range map[int]string{200: "200B", 4 << 10: "4KiB"} {
			b.Run(d.Name+"/"+text, func(b *testing.B) {
				s := drained(b, d.Name)
				m := message(1, size)
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
}

// BenchmarkFanOut is one message to 100 readers, encoded for each of them, or
// once for all.
func BenchmarkFanOut(b *testing.B) {
	const readers = 100
	for _, d := range transport.All {
		if d.Secure {
			continue
		}
		for _, once := range []bool{false, true} {
			b.Run(d.Name+"/"+map[bool]string{false: "each", true: "once"}[once], func(b *testing.B) {
				var all []opened
				for range readers {
					all = append(all, drained(b, d.Name))
				}
				m := message(1, 1<<10)
				b.ReportAllocs()
				for b.Loop() {
					m.Seq++
					if once {
						m.Shared = new(lane.Encoded)
					}
					for _, s := range all {
						if err := s.Send(s.ctx, m); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// BenchmarkIdleReader is what a reader that gets nothing costs a lane, without
// the strategy: heap, and stack of the goroutine that watches it. The other end
// of the connection, in the same process, is in it as well, the same for all.
func BenchmarkIdleReader(b *testing.B) {
	const readers = 200
	for _, d := range transport.All {
		if d.Secure {
			continue
		}
		b.Run(d.Name, func(b *testing.B) {
			addr, sinks := serve(b, d.Name, transport.Options{Ready: "{}"})
			request := upgrade
			if d.Name == "sse" {
				request = get
			}
			all := make([]opened, 0, readers)
			before := used()
			for range readers {
				dial(b, addr, request)
				all = append(all, <-sinks)
			}
			after := used()
			for b.Loop() { // the metrics are the result
			}
			b.ReportMetric(float64(int64(after.HeapAlloc-before.HeapAlloc))/readers, "heap-B/reader")
			b.ReportMetric(float64(int64(after.StackInuse-before.StackInuse))/readers, "stack-B/reader")
			runtime.KeepAlive(all)
		})
	}
}

func used() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC() // what the first one has freed of pools
	runtime.ReadMemStats(&m)
	return m
}
