package wire_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// frames makes one empty frame of every kind.
var frames = map[string]func() wire.Frame{
	"hello":    func() wire.Frame { return &wire.Hello{} },
	"sample":   func() wire.Frame { return &wire.Sample{} },
	"history":  func() wire.Frame { return &wire.History{} },
	"fragment": func() wire.Frame { return &wire.Fragment{} },
	"reader":   func() wire.Frame { return &wire.Reader{} },
}

// fill sets every field of v to something random, so that a field that is
// forgotten on one side of the codec is found.
func fill(v reflect.Value, random *rand.Rand) {
	switch v.Kind() {
	case reflect.Pointer:
		fill(v.Elem(), random)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), random)
		}
	case reflect.Slice:
		n := 1 + random.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), random)
		}
	case reflect.String:
		v.SetString([]string{"", "push", "<b>é\x00漢</b>"}[random.IntN(3)])
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 1)
	case reflect.Uint8:
		v.SetUint(random.Uint64N(math.MaxUint8 + 1))
	case reflect.Uint64:
		v.SetUint(random.Uint64() >> random.IntN(64))
	case reflect.Int64:
		v.SetInt(int64(random.Uint64()) >> random.IntN(64))
	default:
		panic("no random " + v.Kind().String())
	}
}

func TestEveryFieldOfEveryFrameComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, empty := range frames {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				sent, got := empty(), empty()
				fill(reflect.ValueOf(sent), random)
				data := wire.Append([]byte("before"), sent)
				require.Equal(t, "before", string(data[:6]))
				kind, ok := wire.KindOf(data[6:])
				require.True(t, ok)
				require.Equal(t, sent.Kind(), kind)
				require.NoError(t, wire.Decode(data[6:], got))
				require.Equal(t, sent, got)
			}
		})
	}
}

func TestDecodeKeepsNothingOfItsInput(t *testing.T) {
	data := wire.Append(nil, &wire.Fragment{ID: "log", HTML: "<li>"})
	var f wire.Fragment
	require.NoError(t, wire.Decode(data, &f))
	clear(data)
	require.Equal(t, wire.Fragment{ID: "log", HTML: "<li>"}, f)
}

func TestDecodeRefusesEveryPrefixAndSuffix(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for name, empty := range frames {
		t.Run(name, func(t *testing.T) {
			f := empty()
			fill(reflect.ValueOf(f), random)
			data := wire.Append(nil, f)
			for n := range data {
				require.ErrorIs(t, wire.Decode(data[:n], empty()), wire.ErrMalformed, "the first %d of %d bytes", n, len(data))
			}
			require.ErrorIs(t, wire.Decode(append(data, 0), empty()), wire.ErrMalformed)
		})
	}
}

func TestDecodeRefusesOtherVersionsAndKinds(t *testing.T) {
	data := wire.Append(nil, &wire.Reader{Lane: "push"})
	require.ErrorIs(t, wire.Decode(data, &wire.Fragment{}), wire.ErrMalformed)
	data[0]++
	require.ErrorIs(t, wire.Decode(data, &wire.Reader{}), wire.ErrMalformed)
	_, ok := wire.KindOf(data)
	require.False(t, ok)
	_, ok = wire.KindOf([]byte{wire.Version})
	require.False(t, ok)
}

func TestDecodeBoundsWhatItAllocates(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f} // a length of 2^32-1
	for name, data := range map[string][]byte{
		"lanes of a history": append([]byte{wire.Version, byte(wire.KindHistory)}, huge...),
		"a fragment's id":    append([]byte{wire.Version, byte(wire.KindFragment)}, huge...),
		"a reader's lane":    append([]byte{wire.Version, byte(wire.KindReader)}, huge...),
	} {
		for kind, empty := range frames {
			before := testing.AllocsPerRun(1, func() {})
			require.ErrorIs(t, wire.Decode(data, empty()), wire.ErrMalformed, "%s as %s", name, kind)
			require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = wire.Decode(data, empty()) }), before+2)
		}
	}
}

func TestAFrameOfAPageIsSmallEnough(t *testing.T) {
	most := &wire.Reader{
		Lane:  string(make([]byte, 256)),
		Bytes: math.MaxUint64, Messages: math.MaxUint64, Gaps: math.MaxUint64, Repeats: math.MaxUint64,
		LastSeq: math.MaxUint64, P50: math.MaxUint64, P99: math.MaxUint64,
	}
	require.Less(t, len(wire.Append(nil, most)), wire.MaxPageFrameBytes)
}

func BenchmarkDecodeSample(b *testing.B) {
	f := &wire.Sample{Lanes: make([]wire.LaneSample, 2)}
	fill(reflect.ValueOf(f), rand.New(rand.NewPCG(5, 6)))
	data := wire.Append(nil, f)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.Decode(data, &wire.Sample{}); err != nil {
			b.Fatal(err)
		}
	}
}
