package broker_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

func expect(t *testing.T, nc net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(nc, got)
	require.Equal(t, want, string(got[:n]))
	require.NoError(t, err)
}

// TestWire compares bytes, for what go-redis does not show.
func TestWire(t *testing.T) {
	for name, tc := range map[string]struct {
		send, want string
		closed     bool // the broker closes the connection
	}{
		"bad bulk length":      {"*1\r\n$a\r\n", "-ERR Protocol error: invalid bulk length\r\n", true},
		"negative bulk length": {"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n", true},
		"huge bulk length":     {"*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n", true},
		"bad array length":     {"*a\r\n", "-ERR Protocol error: invalid multibulk length\r\n", true},
		"huge array length":    {"*99999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n", true},
		"no bulk":              {"*1\r\nX1\r\n", "-ERR Protocol error: expected '$', got 'X'\r\n", true},
		"open quote":           {"PING \"a b\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", true},
		"text behind a quote":  {"PING \"a\"b\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", true},
		"long line":            {strings.Repeat("x", 70_000), "-ERR Protocol error: too big inline request\r\n", true},
		"commands before the error count": {
			"PING\r\n*a\r\n", "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n", true},
		"quit":                  {"PING\r\nQUIT\r\nPING\r\n", "+PONG\r\n+OK\r\n", true},
		"empty commands":        {"*-1\r\n*0\r\n\r\nPING\r\n", "+PONG\r\n", false},
		"empty name":            {"*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n", false},
		"newlines in an error":  {"*1\r\n$3\r\na\r\n\r\n", "-ERR unknown command 'a  ', with args beginning with: \r\n", false},
		"quoted words":          {"PING \"a\\x41\\n\\\"\"\r\nPING 'it\\'s'\r\n", "$4\r\naA\n\"\r\n$4\r\nit's\r\n", false},
		"binary values":         {"*2\r\n$4\r\nPING\r\n$4\r\n\r\n\x00\xff\r\n", "$4\r\n\r\n\x00\xff\r\n", false},
		"missing stream, RESP2": {"XREAD STREAMS s 0\r\nXADD s NOMKSTREAM 1 a b\r\n", "*-1\r\n$-1\r\n", false},
		"subscriber, RESP2": {
			"SUBSCRIBE a a\r\nTYPE a\r\nXLEN s\r\nPING\r\nPING x\r\nUNSUBSCRIBE b\r\nUNSUBSCRIBE\r\nUNSUBSCRIBE\r\nXLEN s\r\n",
			"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" +
				"-ERR Can't execute 'type': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n" +
				"-ERR Can't execute 'xlen': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n" +
				"*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\nx\r\n" +
				"*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n" +
				"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n:0\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				nc := dial(t, b)
				write(t, nc, tc.send)
				expect(t, nc, tc.want)
				if tc.closed {
					rest, _ := io.ReadAll(nc)
					require.Empty(t, rest)
				}
				other := dial(t, b)
				write(t, other, "PING\r\n")
				expect(t, other, "+PONG\r\n")
			})
		})
	}
}

// TestRESP3 looks at the types that RESP3 adds. The server's version and the
// connection's id differ, so the reply to HELLO is skipped.
func TestRESP3(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		nc := dial(t, b)
		write(t, nc, "HELLO 3\r\nPING end\r\n")
		hello := readUntil(t, nc, "$3\r\nend\r\n")
		require.True(t, strings.HasPrefix(hello, "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"), hello)
		require.Contains(t, hello, "$5\r\nproto\r\n:3\r\n")
		for _, step := range [][2]string{
			{"SUBSCRIBE a", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"},
			{"PING", "+PONG\r\n"},
			{"PUBLISH a x", ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n:1\r\n"},
			{"UNSUBSCRIBE", ">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"},
			{"INFO foo", "=4\r\ntxt:\r\n"},
			{"XREAD STREAMS s 0", "_\r\n"},
			{"CLIENT GETNAME", "_\r\n"},
			{"XADD s 1-1 m x", "$3\r\n1-1\r\n"},
			{"XREAD STREAMS s 0", "%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n"},
			{"CONFIG GET maxmemory", "%1\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"},
			{"HELLO 2", "*14\r\n"},
		} {
			write(t, nc, step[0]+"\r\n")
			expect(t, nc, step[1])
		}
	})
}

// readUntil reads up to and including an ending.
func readUntil(t *testing.T, nc net.Conn, ending string) string {
	t.Helper()
	var got []byte
	one := make([]byte, 1)
	for !strings.HasSuffix(string(got), ending) {
		_, err := nc.Read(one)
		require.NoError(t, err, "after %q", got)
		got = append(got, one[0])
	}
	return string(got)
}

// TestSlowTyping sends one byte at a time.
func TestSlowTyping(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		nc := dial(t, b)
		for _, c := range []byte("*2\r\n$4\r\nPING\r\n$2\r\nhi\r\nping\r\n") {
			write(t, nc, string(c))
		}
		expect(t, nc, "$2\r\nhi\r\n+PONG\r\n")
	})
}

func TestPassword(t *testing.T) {
	const password = "secret"
	brokers := map[string]func(t *testing.T) *brokertest.Broker{
		"embedded": func(t *testing.T) *brokertest.Broker {
			return brokertest.Embedded(t, broker.Options{Password: password})
		},
		"redis-server": func(t *testing.T) *brokertest.Broker { return brokertest.Redis(t, "--requirepass", password) },
	}
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			for _, protocol := range []int{2, 3} {
				c := b.Client(t, func(o *redis.Options) { o.Password, o.Protocol = password, protocol })
				require.NoError(t, c.Ping(t.Context()).Err())
			}
			nc := dial(t, b)
			for _, step := range [][2]string{
				{"PING", "-NOAUTH Authentication required.\r\n"},
				{"FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"},
				{"XLEN", "-ERR wrong number of arguments for 'xlen' command\r\n"},
				{"AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
				{"HELLO 2 AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
				{"AUTH secret", "+OK\r\n"},
				{"PING", "+PONG\r\n"},
			} {
				write(t, nc, step[0]+"\r\n")
				expect(t, nc, step[1])
			}
			nc = dial(t, b)
			write(t, nc, "HELLO 3\r\n") // its words differ between 7.0 and 7.2
			require.True(t, strings.HasPrefix(readUntil(t, nc, "\r\n"), "-NOAUTH HELLO must be called with the client already authenticated"))
			// Strangers may not make the broker allocate.
			for send, want := range map[string]string{
				"*11\r\n":          "-ERR Protocol error: unauthenticated multibulk length\r\n",
				"*1\r\n$20000\r\n": "-ERR Protocol error: unauthenticated bulk length\r\n",
			} {
				stranger := dial(t, b)
				write(t, stranger, send)
				expect(t, stranger, want)
			}
		})
	}
}

// TestHalfClose: replies to what was sent before the end of input still arrive.
func TestHalfClose(t *testing.T) {
	b := brokertest.Embedded(t, broker.Options{})
	nc := dial(t, b)
	write(t, nc, "PING one\r\nPING two\r\n")
	require.NoError(t, nc.(*net.TCPConn).CloseWrite())
	got, err := io.ReadAll(nc)
	require.NoError(t, err)
	require.Equal(t, "$3\r\none\r\n$3\r\ntwo\r\n", string(got))
}

// TestInputBehindBlockedRead: a client that goes on sending while it is blocked
// is disconnected at the input limit.
func TestInputBehindBlockedRead(t *testing.T) {
	b := brokertest.Embedded(t, broker.Options{})
	nc := dial(t, b)
	require.NoError(t, nc.SetDeadline(time.Now().Add(time.Minute)))
	write(t, nc, "XREAD BLOCK 0 STREAMS s $\r\n")
	lump := strings.Repeat("PING\r\n", 1<<17)
	var err error
	for sent := 0; err == nil && sent < 512<<20; sent += len(lump) {
		_, err = io.WriteString(nc, lump)
	}
	require.Error(t, err)
	c := b.Client(t, nil)
	awaitInfo(t, c, "client_query_buffer_limit_disconnections:1")
	awaitInfo(t, c, "blocked_clients:0")
	require.Eventually(t, func() bool { return b.Server.Stats().InputBytes < 1<<20 }, soon, time.Millisecond)
}
