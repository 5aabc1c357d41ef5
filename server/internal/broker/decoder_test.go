package broker

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// decode returns the commands in what r yields, and the error that ended it.
func decode(d *decoder, r io.Reader) (commands [][]string, err error) {
	for {
		if err := d.fill(r); err != nil {
			if errors.Is(err, io.EOF) {
				return commands, nil
			}
			return commands, err
		}
		for {
			args, err := d.next()
			if err != nil {
				return commands, err
			}
			if args == nil {
				break
			}
			var command []string
			for _, arg := range args {
				command = append(command, string(arg))
			}
			commands = append(commands, command)
		}
	}
}

// FuzzDecoder: how the bytes arrive makes no difference.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{
		"*2\r\n$4\r\nPING\r\n$2\r\nhi\r\nping 'x'\r\n", "*1\r\n$0\r\n\r\n*-1\r\n\r\nquit\n", "*1\r\n$3\r\nab", "*x\r\n", "a \"b\\x41\" 'c\\'d'\r\n", "a\"b\"c\n",
		"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n*1\r\n:1\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		whole, wholeErr := decode(&decoder{authenticated: true}, bytes.NewReader(input))
		bytewise, bytewiseErr := decode(&decoder{authenticated: true}, iotest.OneByteReader(bytes.NewReader(input)))
		require.Equal(t, whole, bytewise)
		require.Equal(t, wholeErr, bytewiseErr)
		for _, command := range whole {
			require.NotEmpty(t, command)
		}
	})
}

// TestDecoderBuffer: the buffer grows for large commands, as their bytes arrive,
// and is small again afterwards.
func TestDecoderBuffer(t *testing.T) {
	d := &decoder{authenticated: true}
	announced := strings.NewReader("*2\r\n$4\r\nPING\r\n$60000000\r\n")
	require.NoError(t, d.fill(announced))
	args, err := d.next()
	require.NoError(t, err)
	require.Nil(t, args)
	require.Equal(t, minInputBuffer, cap(d.buf), "nothing is allocated for what was only announced")

	d = &decoder{authenticated: true}
	large := strings.Repeat("x", 1<<20)
	got, err := decode(d, io.MultiReader(
		strings.NewReader("*2\r\n$4\r\nPING\r\n$1048576\r\n"+large+"\r\n"), strings.NewReader("PING\r\n")))
	require.NoError(t, err)
	require.Equal(t, [][]string{{"PING", large}, {"PING"}}, got)
	require.Equal(t, minInputBuffer, cap(d.buf))

	d = &decoder{authenticated: true}
	_, err = decode(d, iotest.DataErrReader(strings.NewReader(strings.Repeat("PING\r\n", 100_000))))
	require.NoError(t, err)
	require.LessOrEqual(t, cap(d.buf), keepInputBuffer)
}

func TestParseInt(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "7": 7, "-7": -7, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63,
	} {
		got, ok := parseInt([]byte(text))
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "-", "+7", "07", "-0", " 7", "7 ", "7x", "9223372036854775808", "-9223372036854775809", "99999999999999999999"} {
		_, ok := parseInt([]byte(text))
		require.False(t, ok, text)
	}
	_, ok := parseUint([]byte("18446744073709551615"))
	require.True(t, ok)
	_, ok = parseUint([]byte("18446744073709551616"))
	require.False(t, ok)
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1b": 1, "2k": 2000, "2KB": 2048, "3m": 3e6, "3mb": 3 << 20, "1gb": 1 << 30, "1G": 1e9} {
		got, ok := parseMemory(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "mb", "-1", "1tb", "1bk", "x", "9223372036854775807gb", "1.5mb"} {
		_, ok := parseMemory(text)
		require.False(t, ok, text)
	}
}
