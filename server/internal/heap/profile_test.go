package heap

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"strconv"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// call is one frame of a stack in a test: its function, its file and its line.
type call struct {
	function, file string
	line           int64
}

// allocated is a sample of a test: what is in use, and the stack from the
// allocating line on.
type allocated struct {
	objects, bytes int64
	stack          []call
}

// written is the file of a heap profile with these samples.
func written(t testing.TB, samples ...allocated) []byte {
	t.Helper()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{
			{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"},
			{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"},
		},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"},
		Period:     SampleEvery,
	}
	for _, a := range samples {
		s := &profile.Sample{Value: []int64{2 * a.objects, 2 * a.bytes, a.objects, a.bytes}}
		for _, c := range a.stack {
			f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: c.function, Filename: c.file}
			p.Function = append(p.Function, f)
			l := &profile.Location{ID: uint64(len(p.Location) + 1), Line: []profile.Line{{Function: f, Line: c.line}}}
			p.Location = append(p.Location, l)
			s.Location = append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	var out bytes.Buffer
	require.NoError(t, p.Write(&out))
	return out.Bytes()
}

// Stacks of a push lane, as they were seen.
var (
	reading = []call{
		{"github.com/redis/go-redis/v9/internal/proto.(*Reader).readStringReply", "/go/pkg/mod/github.com/redis/go-redis/v9@v9.23.0/internal/proto/reader.go", 365},
		{"github.com/redis/go-redis/v9.(*PubSub).ReceiveTimeout.func1", "/go/pkg/mod/github.com/redis/go-redis/v9@v9.23.0/pubsub.go", 487},
		{"spillway/server/internal/source.(*pubSub).Next", "/home/me/spillway/server/internal/source/redis_pubsub.go", 53},
		{"spillway/server/internal/strategy.pushBufferedStrategy.Run.func1", "/home/me/spillway/server/internal/strategy/push_buffered.go", 38},
	}
	dialling = []call{
		{"bufio.NewReaderSize", "/usr/local/go/src/bufio/bufio.go", 60},
		{"github.com/redis/go-redis/v9/internal/pool.NewConnWithBufferSize", "/go/pkg/mod/github.com/redis/go-redis/v9@v9.23.0/internal/pool/conn.go", 100},
		{"spillway/server/internal/source.(*stream).fetch", "/home/me/spillway/server/internal/source/redis_stream.go", 90},
		{"spillway/server/internal/strategy.pullDrainStrategy.Run", "/home/me/spillway/server/internal/strategy/pull_drain.go", 33},
	}
	queueing = []call{
		{"spillway/server/internal/strategy.(*queue).push", "/home/me/spillway/server/internal/strategy/queue.go", 34},
		{"spillway/server/internal/strategy.pushBufferedStrategy.Run.func1", "/home/me/spillway/server/internal/strategy/push_buffered.go", 46},
	}
	reporting1 = []call{
		{"encoding/json.Marshal", "/usr/local/go/src/encoding/json/encode.go", 171},
		{"spillway/server/internal/child.(*Link).Report", "/home/me/spillway/server/internal/child/link.go", 80},
		{"spillway/server/internal/lanehost.(*Host).Talk", "/home/me/spillway/server/internal/lanehost/report.go", 45},
	}
	serving = []call{
		{"bufio.NewWriterSize", "/usr/local/go/src/bufio/bufio.go", 600},
		{"net/http.newBufioWriterSize", "/usr/local/go/src/net/http/server.go", 870},
	}
)

func TestParse(t *testing.T) {
	again := append([]call{}, reading...)
	again[1].line = 500 // another way to the same line from the same place of ours
	p, err := Parse(written(t,
		allocated{10, 1000, reading}, allocated{5, 500, again}, allocated{1, 200, queueing},
		allocated{2, 300, dialling}, allocated{0, 0, reporting1}, allocated{1, 100, serving}))
	require.NoError(t, err)
	require.Equal(t, int64(2100), p.Bytes)
	require.Equal(t, int64(19), p.Objects)
	require.Equal(t, int64(SampleEvery), p.SampleEvery)
	from := Place{"source.(*pubSub).Next", "source/redis_pubsub.go", 53}
	push := Place{"strategy.(*queue).push", "strategy/queue.go", 34}
	require.Equal(t, []Site{
		{Place{"proto.(*Reader).readStringReply", "proto/reader.go", 365}, from, Messages, 1500, 15},
		{Place{"bufio.NewReaderSize", "bufio/bufio.go", 60}, Place{"source.(*stream).fetch", "source/redis_stream.go", 90}, Connection, 300, 2},
		{push, push, Strategy, 200, 1},
		{Place{"bufio.NewWriterSize", "bufio/bufio.go", 600}, Place{}, Elsewhere, 100, 1},
	}, p.Sites)
	require.Equal(t, []bool{false, false, true, false}, []bool{p.Sites[0].Own(), p.Sites[1].Own(), p.Sites[2].Own(), p.Sites[3].Own()})
	require.InDelta(t, 1500./2100, p.Share(p.Of(Messages)), 1e-9)
	require.Zero(t, Profile{}.Share(0))
}

func TestShortNames(t *testing.T) {
	for name, want := range map[string]string{
		"github.com/redis/go-redis/v9.(*Options).clone":                    "go-redis.(*Options).clone",
		"github.com/redis/go-redis/v9/internal/proto.(*Reader).ReadReply":  "proto.(*Reader).ReadReply",
		"spillway/server/internal/strategy.pushBufferedStrategy.Run.func1": "strategy.pushBufferedStrategy.Run.func1",
		"bufio.NewReaderSize": "bufio.NewReaderSize", "main.main": "main.main", "": "",
	} {
		require.Equal(t, want, shortFunction(name))
	}
	for name, want := range map[string]string{
		"/go/pkg/mod/github.com/redis/go-redis/v9@v9.23.0/options.go":               "go-redis/options.go",
		"/go/pkg/mod/github.com/redis/go-redis/v9@v9.23.0/internal/proto/reader.go": "proto/reader.go",
		"/go/pkg/mod/golang.org/x/sync@v0.24.0/errgroup/errgroup.go":                "errgroup/errgroup.go",
		"/go/pkg/mod/github.com/tidwall/redcon@v1.6.2/redcon.go":                    "redcon/redcon.go",
		`C:\src\spillway\server\lane.go`:                                            "server/lane.go", "lane.go": "lane.go", "": "",
	} {
		require.Equal(t, want, shortFile(name))
	}
}

func TestParts(t *testing.T) {
	for name, c := range map[string]struct {
		stack []call
		want  Part
	}{
		"a message":             {reading, Messages},
		"a late connection":     {dialling, Connection},
		"the queue":             {queueing, Strategy},
		"a report":              {reporting1, Program},
		"the HTTP server":       {serving, Elsewhere},
		"the report's counters": {reporting1[2:], Program},
		"a reader":              {[]call{{"spillway/server/internal/lanehost.(*Host).accept", "host.go", 1}}, Readers},
		"an event":              {[]call{{"spillway/server/internal/transport.(*sseSink).appendEvent", "sse.go", 1}}, Writing},
	} {
		p, err := Parse(written(t, allocated{1, 1, c.stack}))
		require.NoError(t, err)
		require.Equal(t, c.want, p.Sites[0].Part, name)
	}
}

func TestParseRefuses(t *testing.T) {
	packed := func(text []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return out.Bytes()
	}
	var cpu bytes.Buffer
	require.NoError(t, (&profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}).Write(&cpu))
	for name, raw := range map[string][]byte{
		"unpack heap profile: EOF": nil,
		"more than 32 MiB":         packed(make([]byte, maxUnpackedBytes+1)),
		"read heap profile:":       packed([]byte("this is no profile")),
		"does not count bytes":     cpu.Bytes(),
	} {
		_, err := Parse(raw)
		require.ErrorContains(t, err, name)
	}
}

var held [][]byte // keeps what TestParseOfThisProgram allocates

// TestParseOfThisProgram reads what the runtime itself writes.
func TestParseOfThisProgram(t *testing.T) {
	const blocks, block = 64, 256 << 10
	for range blocks {
		held = append(held, make([]byte, block))
	}
	t.Cleanup(func() { held = nil })
	runtime.GC() // a profile is that of the last collection
	var raw bytes.Buffer
	require.NoError(t, pprof.WriteHeapProfile(&raw))
	p, err := Parse(raw.Bytes())
	require.NoError(t, err)
	top := p.Sites[0]
	require.Equal(t, "heap.TestParseOfThisProgram", top.Function)
	require.Equal(t, "heap/profile_test.go", top.File)
	require.True(t, top.Own())
	require.InDelta(t, blocks*block, top.Bytes, blocks*block/2)
	require.Greater(t, p.Share(top.Bytes), .5)
}

func FuzzParse(f *testing.F) {
	f.Add(written(f, allocated{1, 1, reading}, allocated{2, 3, serving}))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(raw)
		if err != nil {
			return
		}
		var bytes, objects int64
		for _, s := range p.Sites {
			bytes += s.Bytes
			objects += s.Objects
		}
		require.Equal(t, p.Bytes, bytes)
		require.Equal(t, p.Objects, objects)
	})
}

// BenchmarkSampling reports what an allocation costs at several rates against
// Go's own, in the CPU time of the same run. The rates take turns, so that a
// machine that becomes busy slows all of them.
func BenchmarkSampling(b *testing.B) {
	_ = pprof.WriteHeapProfile(io.Discard) // a program without this call does not sample
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	rates := []int{512 << 10, 64 << 10, 16 << 10, 4 << 10}
	for _, size := range []int{256, 4 << 10} {
		b.Run(sizeName(size), func(b *testing.B) {
			data := make([]byte, size)
			spent := make(map[int]float64)
			for b.Loop() {
				for _, rate := range rates {
					runtime.MemProfileRate = rate
					deep(data, 20) // the rate holds from the next sample on
					spent[rate] += cpuSeconds(func() {
						for range (64 << 20) / size {
							deep(data, 15) // about as deep as a lane reads its messages
						}
					})
				}
			}
			for _, rate := range rates[1:] {
				b.ReportMetric(spent[rate]/spent[rates[0]], "x-at-"+sizeName(rate))
			}
		})
	}
}

// sizeName is a size in KiB, or in bytes below.
func sizeName(bytes int) string {
	if bytes < 1<<10 {
		return strconv.Itoa(bytes) + "B"
	}
	return strconv.Itoa(bytes>>10) + "KiB"
}

var kept [1 << 10]string // so that nothing is allocated on the stack

//go:noinline
func deep(data []byte, calls int) {
	if calls > 0 {
		deep(data, calls-1)
		return
	}
	kept[rand.IntN(len(kept))] = string(data)
}
