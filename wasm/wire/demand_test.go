package wire_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

func TestDemand(t *testing.T) {
	require.Equal(t, []byte{1, 0, 0, 1, 4}, wire.AppendRequest(nil, 260))
	require.Equal(t, []byte{2}, wire.AppendCancel(nil))
	for _, n := range []uint32{1, 64, 260, math.MaxUint32} {
		d, err := wire.ParseDemand(wire.AppendRequest(nil, n))
		require.NoError(t, err)
		require.Equal(t, wire.Demand{N: n}, d)
	}
	d, err := wire.ParseDemand(wire.AppendCancel(nil))
	require.NoError(t, err)
	require.Zero(t, d)
}

func TestMalformedDemand(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"another word":        {3},
		"a request alone":     {1},
		"a short request":     {1, 0, 0, 1},
		"a long request":      {1, 0, 0, 0, 1, 0},
		"a request of none":   {1, 0, 0, 0, 0},
		"a cancel and more":   {2, 0},
		"a long cancel":       {2, 0, 0, 0, 1},
		"another word, long":  {3, 0, 0, 0, 1},
		"two in one message":  wire.AppendCancel(wire.AppendRequest(nil, 1)),
		"the text of request": []byte("request"),
	} {
		_, err := wire.ParseDemand(data)
		require.ErrorIs(t, err, wire.ErrMalformed, name)
	}
}

// What is read is what would be written, and nothing else is read.
func FuzzDemand(f *testing.F) {
	f.Add(wire.AppendRequest(nil, 1))
	f.Add(wire.AppendRequest(nil, math.MaxUint32))
	f.Add(wire.AppendCancel(nil))
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := wire.ParseDemand(data)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		require.LessOrEqual(t, len(data), wire.MaxDemandBytes)
		if d.N == 0 {
			require.Equal(t, data, wire.AppendCancel(nil))
		} else {
			require.Equal(t, data, wire.AppendRequest(nil, d.N))
		}
	})
}
