package reader_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

// FuzzSplit feeds the same bytes whole and cut in pieces whose sizes the fuzzer
// chooses: both must give the same account.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("data: "+message(1)+"\n\nevent: ready\r\ndata\r\n\r\nid: 3\rdata: "+message(3)+"\r\r"), []byte{1, 2, 3})
	f.Add([]byte("\ufeffid: 1\ndata: x\ndata: y\n\n"), []byte{1})
	f.Add([]byte("\r\n\n\r\r\n: c\ndata\n\n"), []byte{3, 1})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		var whole, pieces reader.Reader
		whole.Feed(stream, at)
		rest := stream
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(int(cuts[i%len(cuts)])+i%2, n)
				if n == 0 && i > 2*len(cuts) { // a list of zeros would never end
					n = 1
				}
			}
			pieces.Feed(rest[:n], at)
			rest = rest[n:]
		}
		require.Equal(t, whole.Account(), pieces.Account())
		require.Equal(t, whole.LastEventID(), pieces.LastEventID())
		require.Equal(t, whole.Ages(), pieces.Ages())
		require.LessOrEqual(t, whole.Account().Messages*2, uint64(len(stream)))
	})
}
