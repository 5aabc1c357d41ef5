package wire_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// FuzzDecode decodes anything as every kind. What is accepted comes back the
// same when it is encoded and decoded again, and is never much larger in memory
// than it was on the wire.
func FuzzDecode(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, empty := range frames {
		frame := empty()
		fill(reflect.ValueOf(frame), random)
		f.Add(wire.Append(nil, frame))
	}
	f.Add([]byte{wire.Version, byte(wire.KindHistory), 0x10, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, empty := range frames {
			got := empty()
			if wire.Decode(data, got) != nil {
				continue
			}
			// An element of a list takes at least one byte on the wire.
			require.LessOrEqual(t, elements(reflect.ValueOf(got)), len(data))
			again := empty()
			require.NoError(t, wire.Decode(wire.Append(nil, got), again))
			require.Equal(t, got, again)
		}
	})
}

// elements counts what lists hold, all in all.
func elements(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		return elements(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			n += elements(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += 1 + elements(v.Index(i))
		}
	}
	return n
}

// FuzzScanHeader compares the scanner with a JSON parser: what it accepts as the
// head of a whole message, the parser reads as the same two numbers.
func FuzzScanHeader(f *testing.F) {
	f.Add([]byte(`{"seq":17,"at":1763822400123456,"x":1}`))
	f.Add([]byte(`{"seq":0,"at":0}`))
	f.Add([]byte(`{"seq":9999999999999999999,"at":1,"x":{}}`))
	f.Add([]byte(`{"seq":10000000000000000000,"at":1,"x":{}}`))
	f.Add([]byte(`{"seq":-1,"at":1}`))
	f.Add([]byte(`{"seq":1.5,"at":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, ok := wire.ScanHeader(data)
		if !ok {
			require.Zero(t, h)
			return
		}
		require.GreaterOrEqual(t, h.AtMicros, int64(0))
		// Only the first two members are looked at, and leading zeros, which JSON
		// does not have, are read as the number they mean.
		head, _, _ := bytes.Cut(data, []byte(`,"at":`))
		var seq struct{ Seq json.Number }
		if err := json.Unmarshal(append(head, '}'), &seq); err == nil {
			n, err := json.Number(seq.Seq).Int64()
			if err == nil {
				require.Equal(t, uint64(n), h.Seq)
			}
		}
		again, ok := wire.ScanHeader(append(wire.AppendHeader(nil, h), `"x":1}`...))
		require.True(t, ok)
		require.Equal(t, h, again)
	})
}
