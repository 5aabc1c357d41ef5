package source

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	f.Add(`{"seq":17,"at":1763822400123456,"x":1}`)
	f.Add(`{"seq":18446744073709551615,"at":0}`)
	f.Add(`{"seq":`)
	f.Fuzz(func(t *testing.T, data string) {
		m, err := parse(data)
		if err != nil {
			require.ErrorIs(t, err, errNotAMessage)
			require.Less(t, len(err.Error()), 400, "an error does not repeat the whole message")
			return
		}
		require.Equal(t, data, m.Data)
		require.True(t, strings.HasPrefix(data, `{"seq":`))
		require.GreaterOrEqual(t, m.AtMicros, int64(0))
	})
}

func FuzzSequenceOf(f *testing.F) {
	f.Add("17-0")
	f.Add("18446744073709551615-0")
	f.Add("17-1")
	f.Add("-0")
	f.Fuzz(func(t *testing.T, id string) {
		seq, err := sequenceOf(id)
		if err != nil {
			require.ErrorIs(t, err, errNotAMessage)
			return
		}
		require.True(t, strings.HasSuffix(id, "-0"))
		require.NotEmpty(t, strings.TrimSuffix(id, "-0"))
		if seq > 0 {
			require.NotEqual(t, "0-0", id)
		}
	})
}
