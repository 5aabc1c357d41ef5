package reader_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

const at = 1_763_822_400_000_000

// payload is message seq of a channel, size bytes long if its head leaves room,
// that begins at position pos.
func payload(seq, pos uint64, size int) string {
	head := wire.AppendHeader(nil, wire.Header{Seq: seq, AtMicros: at, Pos: pos})
	pad := max(size-len(head)-len(`"pad":""}`), 0)
	return string(head) + `"pad":"` + strings.Repeat("x", pad) + `"}`
}

// event is a message as a lane sends it.
func event(seq uint64, payload string) []byte {
	return []byte("id: " + strconv.FormatUint(seq, 10) + "\ndata: " + payload + "\n\n")
}

// frame is message seq of a channel of which all messages have size bytes.
func frame(seq uint64, size int) []byte { return event(seq, payload(seq, position(seq, size), size)) }

// position is where message seq of such a channel begins.
func position(seq uint64, size int) (pos uint64) {
	for earlier := uint64(1); earlier < seq; earlier++ {
		pos += wire.EventBytes(earlier, size)
	}
	return pos
}

const messageBytes = 100

// message is message seq of a channel of which all have messageBytes.
func message(seq uint64) string { return payload(seq, position(seq, messageBytes), messageBytes) }

// read is the account of whoever has got these messages one after the other.
func read(payloads ...string) (a reader.Account) {
	for i, p := range payloads {
		h, _ := wire.ScanHeader(p)
		if i == 0 {
			a.From = h.Pos
		}
		text := wire.EventBytes(h.Seq, len(p))
		a.Messages, a.LastSeq, a.To, a.Text = a.Messages+1, h.Seq, h.Pos+text, a.Text+text
	}
	return a
}

func TestTheEventStreamRules(t *testing.T) {
	one, two := message(1), message(2)
	for _, tt := range []struct {
		name, stream string
		want         reader.Account
		lastID       string
	}{
		{name: "LF", stream: "data: " + one + "\n\ndata: " + two + "\n\n", want: read(one, two)},
		{name: "CRLF", stream: "data: " + one + "\r\n\r\ndata: " + two + "\r\n\r\n", want: read(one, two)},
		{name: "CR", stream: "data: " + one + "\r\rdata: " + two + "\r\r", want: read(one, two)},
		{name: "mixed line ends", stream: "data: " + one + "\r\n\rdata: " + two + "\n\r", want: read(one, two)},
		{name: "no space behind the colon", stream: "data:" + one + "\n\n", want: read(one)},
		{name: "only one space is removed", stream: "data:  " + one + "\n\n", want: reader.Account{Malformed: 1}},
		{name: "byte order mark", stream: "\ufeffdata: " + one + "\n\n", want: read(one)},
		{name: "byte order mark only at the start", stream: "\n\ufeffdata: " + one + "\n\n", want: reader.Account{}},
		{name: "only one byte order mark", stream: "\ufeff\ufeffdata: " + one + "\n\n", want: reader.Account{}},
		{name: "comments", stream: ": hello\n:\ndata: " + one + "\n: in between\n\n", want: read(one)},
		{name: "unknown fields", stream: "retry: 10\nfoo: bar\nDATA: x\n data: y\ndata: " + one + "\n\n", want: read(one)},
		{name: "the end of the stream completes nothing", stream: "data: " + one + "\n", want: reader.Account{}},
		{name: "no data, no event", stream: "event: ready\nid: 7\n\n", want: reader.Account{}, lastID: "7"},
		{name: "a field without a colon has an empty value", stream: "event: ready\ndata\n\n", want: reader.Account{Ready: 1}},
		{name: "lines of data are joined by LF", stream: "data: {\"seq\":1,\"at\":1\ndata: ,\"x\":1}\n\n", want: reader.Account{Malformed: 1}},
		{name: "the head may be followed by more lines", stream: "data: " + one + "\ndata: more\n\n", want: read(one + "\nmore")},
		{name: "an empty first line of data counts", stream: "data\ndata: " + one + "\n\n", want: reader.Account{Malformed: 1}},
		{name: "ready", stream: "event: ready\ndata: {}\n\n", want: reader.Account{Ready: 1}},
		{name: "gap", stream: "event: gap\ndata: {\"missed\":7}\n\n", want: reader.Account{Notices: 1}},
		{name: "other names are not messages", stream: "event: tick\ndata: " + one + "\n\n", want: reader.Account{}},
		{name: "the last name counts", stream: "event: tick\nevent: message\ndata: " + one + "\n\n", want: read(one)},
		{name: "an empty name is none", stream: "event: tick\nevent\ndata: " + one + "\n\n", want: read(one)},
		{name: "a name ends with its event", stream: "event: tick\n\ndata: " + one + "\n\n", want: read(one)},
		{name: "id stays until the next one", stream: "id: 4\ndata: " + one + "\n\ndata: " + two + "\n\n", want: read(one, two), lastID: "4"},
		{name: "id can be taken back", stream: "id: 4\ndata: " + one + "\n\nid\ndata: " + two + "\n\n", want: read(one, two)},
		{name: "id with NUL is ignored", stream: "id: 4\nid: 5\x00\ndata: " + one + "\n\n", want: read(one), lastID: "4"},
		{name: "id of an unfinished event does not count", stream: "id: 4\n\nid: 5\n", want: reader.Account{}, lastID: "4"},
		{name: "not a message", stream: "data: hello\n\ndata: {\"seq\":-1}\n\n", want: reader.Account{Malformed: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole, single := &reader.Reader{}, &reader.Reader{}
			whole.Feed([]byte(tt.stream), at)
			for i := range len(tt.stream) {
				single.Feed([]byte(tt.stream)[i:i+1], at)
			}
			tt.want.Bytes = uint64(len(tt.stream))
			require.Equal(t, tt.want, whole.Account())
			require.Equal(t, tt.lastID, whole.LastEventID())
			require.Equal(t, tt.want, single.Account(), "byte by byte")
			require.Equal(t, tt.lastID, single.LastEventID(), "byte by byte")
		})
	}
}

func TestGapsAndRepeats(t *testing.T) {
	for _, tt := range []struct {
		name          string
		seqs          []uint64
		gaps, repeats uint64
	}{
		{"in order", []uint64{1, 2, 3}, 0, 0},
		{"joined late", []uint64{1000, 1001}, 0, 0},
		{"missing", []uint64{1, 2, 5, 9}, 5, 0},
		{"twice", []uint64{1, 2, 2, 3}, 0, 1},
		{"from the beginning again", []uint64{5, 6, 1, 2, 7}, 0, 2},
		{"sequence zero", []uint64{0, 1}, 0, 1},
		{"largest numbers", []uint64{1, 9_999_999_999_999_999_999}, 9_999_999_999_999_999_997, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r reader.Reader
			for _, seq := range tt.seqs {
				r.Feed(event(seq, payload(seq, 0, 100)), at)
			}
			got := r.Account()
			require.Equal(t, uint64(len(tt.seqs)), got.Messages)
			require.Equal(t, tt.gaps, got.Gaps)
			require.Equal(t, tt.repeats, got.Repeats)
		})
	}
}

func TestReconnected(t *testing.T) {
	var r reader.Reader
	r.Feed(frame(1, 100), at)
	r.Feed([]byte("id: 2\nevent: ready\ndata: {\"seq\":2,"), at)
	require.Equal(t, "1", r.LastEventID())

	r.Reconnected()
	require.Equal(t, "1", r.LastEventID())
	r.Feed([]byte("\xef\xbb\xbf"), at)
	r.Feed(frame(4, 100), at)
	got := r.Account()
	require.Equal(t, uint64(2), got.Messages, "the unfinished event is gone")
	require.Equal(t, uint64(2), got.Gaps, "what was lost in between is seen")
	require.Equal(t, position(4, 100)-position(2, 100), got.To-got.From-got.Text, "to the byte")
	require.Zero(t, got.Ready)
	require.Equal(t, "4", r.LastEventID())
}

func TestReconnectedAfterCRDoesNotSwallowLF(t *testing.T) {
	var r reader.Reader
	r.Feed([]byte("data: "+message(1)+"\r"), at)
	r.Reconnected()
	r.Feed([]byte("\ndata: "+message(2)+"\n\n"), at)
	require.Equal(t, uint64(1), r.Account().Messages)
}

func TestLineBound(t *testing.T) {
	fits := "data: " + message(1)
	fits += strings.Repeat(" ", reader.MaxLineBytes-len(fits))
	for _, chunk := range []int{1 << 10, 1 << 16, 4 << 20} {
		var r reader.Reader
		stream := []byte(fits + "\n\n" + fits + "x\n\ndata: " + message(2) + "\n\n")
		for rest := stream; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
			r.Feed(rest[:min(chunk, len(rest))], at)
		}
		got := r.Account()
		require.Equal(t, uint64(2), got.Messages, "chunks of %d", chunk)
		require.Equal(t, uint64(1), got.Malformed, "chunks of %d", chunk)
	}
}

func TestAges(t *testing.T) {
	var r reader.Reader
	for range 99 {
		r.Feed(frame(r.Account().LastSeq+1, 100), at+1_000)
	}
	r.Feed(frame(100, 100), at+5_000_000)
	require.Equal(t, uint64(100), r.Ages().Count())
	require.InEpsilon(t, 1_000, r.Ages().Quantile(0.99), 0.032)
	require.InEpsilon(t, 5_000_000, r.Ages().Quantile(1), 0.032)
}

func TestFeedDoesNotAllocate(t *testing.T) {
	var stream []byte
	for seq := range uint64(64) {
		stream = append(stream, frame(seq+1, 1024)...)
	}
	var r reader.Reader
	r.Feed(stream[:len(stream)-100], at) // the line buffer grows once
	r.Reconnected()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r.Feed(stream[:5_000], at)
		r.Feed(stream[5_000:], at)
	}))
}

func BenchmarkFeed(b *testing.B) {
	for _, size := range []int{256, 1024} {
		for _, chunk := range []int{4 << 10, 256 << 10} {
			b.Run(strconv.Itoa(size)+"B/"+strconv.Itoa(chunk>>10)+"KiB", func(b *testing.B) {
				var stream []byte
				for seq := uint64(1); len(stream) < 1<<20; seq++ {
					stream = append(stream, frame(seq, size)...)
				}
				var r reader.Reader
				b.SetBytes(int64(len(stream)))
				b.ReportAllocs()
				for b.Loop() {
					for rest := stream; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
						r.Feed(rest[:min(chunk, len(rest))], at)
					}
				}
			})
		}
	}
}
