package child

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestLineReader(t *testing.T) {
	type line struct {
		text string
		cut  bool
	}
	long := strings.Repeat("x", 3*readBufferBytes)
	for _, c := range []struct {
		name, in string
		max      int
		want     []line
	}{
		{"nothing", "", 8, nil},
		{"lines", "a\nbc\n", 8, []line{{"a", false}, {"bc", false}}},
		{"last without newline", "a\nbc", 8, []line{{"a", false}, {"bc", false}}},
		{"empty lines", "\n\na\n", 8, []line{{"", false}, {"", false}, {"a", false}}},
		{"just fits", "12345678\n1\n", 8, []line{{"12345678", false}, {"1", false}}},
		{"one too long", "123456789\n1\n", 8, []line{{"12345678", true}, {"1", false}}},
		{"longer than the buffer", long + "\n1\n", 4 * readBufferBytes, []line{{long, false}, {"1", false}}},
		{"much too long", long + "\n1\n", 8, []line{{"xxxxxxxx", true}, {"1", false}}},
		{"too long and torn", long, 8, []line{{"xxxxxxxx", true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{
				strings.NewReader(c.in),
				iotest.OneByteReader(strings.NewReader(c.in)),
				iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				r := NewLineReader(in, c.max)
				var got []line
				for {
					text, cut, err := r.Next()
					if err != nil {
						require.ErrorIs(t, err, io.EOF)
						break
					}
					got = append(got, line{string(text), cut})
				}
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestLineReaderPassesTheError(t *testing.T) {
	broken := errors.New("broken")
	r := NewLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 8)
	line, _, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, "a", string(line))
	line, _, err = r.Next()
	require.NoError(t, err, "what was read before it comes first")
	require.Equal(t, "b", string(line))
	_, _, err = r.Next()
	require.ErrorIs(t, err, broken)
}

// The lines are what bytes.Split says, each cut at the maximum.
func FuzzLineReader(f *testing.F) {
	f.Add([]byte("a\nbc\n\n{\"x\":1}"), 4)
	f.Add([]byte("\n"), 1)
	f.Fuzz(func(t *testing.T, in []byte, maxBytes int) {
		if maxBytes < 1 || maxBytes > 1<<16 {
			return
		}
		want := bytes.Split(in, []byte{'\n'})
		if len(want[len(want)-1]) == 0 {
			want = want[:len(want)-1]
		}
		r := NewLineReader(bytes.NewReader(in), maxBytes)
		for _, w := range want {
			line, cut, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(line, w[:min(len(w), maxBytes)]) || cut != (len(w) > maxBytes) {
				t.Fatalf("got %q, cut %v; want %q", line, cut, w)
			}
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Fatalf("got %v, want EOF", err)
		}
	})
}
