package transport

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"spillway/server/internal/lane"
)

// nowhere takes every write at once.
type nowhere struct{ net.Conn }

func (nowhere) Write(p []byte) (int, error)      { return len(p), nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkEncode is one message to 100 readers without the system calls, made
// for each or once for all.
func BenchmarkEncode(b *testing.B) {
	const readers = 100
	for _, size := range []int{100, 1 << 10, 16 << 10} {
		for _, once := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dB/%s", size, map[bool]string{false: "each", true: "once"}[once]), func(b *testing.B) {
				var all [readers]*socketSink
				for i := range all {
					all[i] = &socketSink{line: line{conn: nowhere{}, events: newEvents(Options{Stats: new(lane.Stats)})}}
					all[i].framed = true
				}
				m := lane.Message{Data: strings.Repeat("x", size)}
				b.ReportAllocs()
				for b.Loop() {
					m.Seq++
					if once {
						m.Shared = new(lane.Encoded)
					}
					for _, s := range all {
						if err := s.Send(b.Context(), m); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}
