package wire_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

func TestHeaderComesBackAndIsJSON(t *testing.T) {
	for _, h := range []wire.Header{
		{}, {Seq: 1, AtMicros: 1_763_822_400_123_456, Pos: 7}, {Seq: 9_999_999_999_999_999_999, AtMicros: 1 << 62, Pos: 9_999_999_999_999_999_999},
	} {
		data := append(wire.AppendHeader(nil, h), `"text":"a"}`...)
		got, ok := wire.ScanHeader(data)
		require.True(t, ok, "%s", data)
		require.Equal(t, h, got)

		var parsed struct {
			Seq uint64
			At  int64
			Pos uint64
		}
		require.NoError(t, json.Unmarshal(data, &parsed))
		require.Equal(t, h, wire.Header{Seq: parsed.Seq, AtMicros: parsed.At, Pos: parsed.Pos})
	}
}

func TestScanHeaderRefuses(t *testing.T) {
	for _, data := range []string{
		"", "{", `{"seq":`, `{"seq":1`, `{"seq":1,"at":`, `{"seq":1,"at":2`, `{"seq":,"at":2,`, `{"seq":1,"at":,`,
		`{"seq":-1,"at":2,`, `{"seq":1,"at":-2,`, `{"seq":1.0,"at":2,`, `{"seq":1e3,"at":2,`, `{"seq":"1","at":2,`,
		`{"seq": 1,"at":2,`, ` {"seq":1,"at":2,`, `{"at":2,"seq":1,`, `{"seq":1,"at":2x`, `{"seq":1,"at":2 ,`,
		`{"seq":10000000000000000000,"at":2,`, `{"seq":1,"at":2,"pos":,`, `{"seq":1,"at":2,"pos":3`, `{"seq":1,"at":2,"pos":-3,`,
		`{"seq":1,"at":2,"pos":10000000000000000000,`, `{"seq":1,"at":` + strconv.FormatUint(1<<62+1, 10) + `,`,
	} {
		h, ok := wire.ScanHeader([]byte(data))
		require.False(t, ok, data)
		require.Zero(t, h)
	}
}

// The event text as a transport writes it, for every number of digits.
func TestEventBytes(t *testing.T) {
	for seq, n := uint64(1), 0; n < 19; seq, n = seq*10, n+1 {
		for _, seq := range []uint64{seq - 1, seq} {
			event := fmt.Sprintf("id: %d\ndata: %s\n\n", seq, strings.Repeat("x", n))
			require.EqualValues(t, len(event), wire.EventBytes(seq, n))
		}
	}
	require.EqualValues(t, len("id: 18446744073709551615\ndata: \n\n"), wire.EventBytes(math.MaxUint64, 0))
}

func TestScanHeaderWithoutAPosition(t *testing.T) {
	h, ok := wire.ScanHeader(`{"seq":1,"at":2,"x":1}`)
	require.True(t, ok)
	require.Equal(t, wire.Header{Seq: 1, AtMicros: 2}, h)
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
