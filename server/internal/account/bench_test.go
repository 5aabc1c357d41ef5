package account_test

import (
	"fmt"
	"testing"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
)

// BenchmarkAdd is one second of a lane with a thousand readers.
func BenchmarkAdd(b *testing.B) {
	const readers = 1000
	in := account.Instant{Replayable: true, Positions: make(map[string]account.Position)}
	for i := range uint64(readers) {
		name := fmt.Sprintf("slow-%d", i)
		in.Positions[name] = account.Position{End: 1 << 30}
		in.Rows = append(in.Rows, lane.Row{ID: i + 1, Channel: name, Accepted: 1 << 20, Delivered: 1 << 19})
		in.Readers = append(in.Readers, account.Reader{Key: name, ID: i + 1, Channel: name, To: 1 << 18, Text: 1 << 18})
	}
	var books account.Books
	b.ReportAllocs()
	for b.Loop() {
		if sum, lines := books.Add(in); sum.Gap != 0 || len(lines) != readers {
			b.Fatal(sum)
		}
	}
}
