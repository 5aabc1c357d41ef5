package wire_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

func TestHeaderComesBackAndIsJSON(t *testing.T) {
	for _, h := range []wire.Header{
		{}, {Seq: 1, AtMicros: 1_763_822_400_123_456}, {Seq: 9_999_999_999_999_999_999, AtMicros: 1 << 62},
	} {
		data := append(wire.AppendHeader(nil, h), `"text":"a"}`...)
		got, ok := wire.ScanHeader(data)
		require.True(t, ok, "%s", data)
		require.Equal(t, h, got)

		var parsed struct {
			Seq uint64
			At  int64
		}
		require.NoError(t, json.Unmarshal(data, &parsed))
		require.Equal(t, h, wire.Header{Seq: parsed.Seq, AtMicros: parsed.At})
	}
}

func TestScanHeaderRefuses(t *testing.T) {
	for _, data := range []string{
		"", "{", `{"seq":`, `{"seq":1`, `{"seq":1,"at":`, `{"seq":1,"at":2`, `{"seq":,"at":2,`, `{"seq":1,"at":,`,
		`{"seq":-1,"at":2,`, `{"seq":1,"at":-2,`, `{"seq":1.0,"at":2,`, `{"seq":1e3,"at":2,`, `{"seq":"1","at":2,`,
		`{"seq": 1,"at":2,`, ` {"seq":1,"at":2,`, `{"at":2,"seq":1,`, `{"seq":1,"at":2x`, `{"seq":1,"at":2 ,`,
		`{"seq":10000000000000000000,"at":2,`, `{"seq":1,"at":` + strconv.FormatUint(1<<62+1, 10) + `,`,
	} {
		h, ok := wire.ScanHeader([]byte(data))
		require.False(t, ok, data)
		require.Zero(t, h)
	}
}

func TestScanHeaderDoesNotAllocate(t *testing.T) {
	data := append(wire.AppendHeader(nil, wire.Header{Seq: 17, AtMicros: 1_763_822_400_123_456}), `"x":1}`...)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = wire.ScanHeader(data) }))
}

func BenchmarkScanHeader(b *testing.B) {
	data := append(wire.AppendHeader(nil, wire.Header{Seq: 17, AtMicros: 1_763_822_400_123_456}), `"x":1}`...)
	for b.Loop() {
		if _, ok := wire.ScanHeader(data); !ok {
			b.Fatal("refused")
		}
	}
}
