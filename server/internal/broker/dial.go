package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Why a broker cannot be used, for errors.Is. The texts are written for a page;
// they name the address and never the password.
var (
	// ErrURL means that the URL cannot be understood.
	ErrURL = errors.New("not a redis:// or rediss:// URL")
	// ErrUnreachable means that nobody answers at the address: it may come back.
	ErrUnreachable = errors.New("unreachable")
	// ErrPassword means that the broker wants a password, or another one.
	ErrPassword = errors.New("password refused")
	// ErrNotRedis means that something answers which does not speak RESP.
	ErrNotRedis = errors.New("not a Redis")
)

// DialOptions configures Dial. Zero values are those of go-redis.
type DialOptions struct {
	// Name is shown in CLIENT LIST.
	Name string
	// BufferBytes is the size of each connection's read and of its write buffer
	// (32 KiB). Use ReaderBufferBytes where every reader has its own connection.
	BufferBytes int
	// PoolSize is the number of connections kept for commands (10 per CPU).
	// Subscriptions have connections of their own.
	PoolSize int
	// Timeout bounds connecting, writing, and reading a reply that does not
	// block (5 s). XREAD BLOCK waits for its own time on top.
	Timeout time.Duration
	// MaxRetries of a failed command; -1: none, which is what a caller wants
	// who must know about every interruption (3).
	MaxRetries int
}

// ReaderBufferBytes is the buffer for one connection per reader: hundreds of
// connections at go-redis's default would cost more than what they carry.
const ReaderBufferBytes = 4 << 10

// Dial connects to the broker at a redis:// or rediss:// URL and returns a
// client that has been answered a PING. The client reconnects by itself; it
// respects the deadlines of contexts. Errors are one of those above.
func Dial(ctx context.Context, rawURL string, o DialOptions) (*redis.Client, error) {
	opt, err := ClientOptions(rawURL)
	if err != nil {
		return nil, err
	}
	opt.ClientName = o.Name
	opt.ReadBufferSize, opt.WriteBufferSize = o.BufferBytes, o.BufferBytes
	opt.PipelineReadBufferSize, opt.PipelineWriteBufferSize = o.BufferBytes, o.BufferBytes
	opt.PoolSize = o.PoolSize
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = o.Timeout, o.Timeout, o.Timeout
	opt.MaxRetries = o.MaxRetries
	client := redis.NewClient(opt)
	if err := client.Ping(ctx).Err(); err != nil {
		_ = client.Close()
		return nil, Explain(opt.Addr, err)
	}
	return client, nil
}

// LogClient sends what go-redis says about its connections to log, at debug
// level. Without it, go-redis prints to stderr. It keeps its logger for the whole
// process, so main calls this once, before the first Dial.
func LogClient(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, v...))
}

// ClientOptions reads a redis:// or rediss:// URL into what every client of this
// program begins with: context deadlines count, a dial is tried once and its
// reason told, and nobody asks for notifications about maintenance, which would
// double the weight of a connection. The error is [ErrURL] and never contains
// the password.
func ClientOptions(rawURL string) (*redis.Options, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, ErrURL
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, fmt.Errorf("%w: scheme %q", ErrURL, u.Scheme)
	}
	opt, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	opt.ContextTimeoutEnabled = true
	opt.DialerRetries = 1
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return opt, nil
}

// Explain turns an error of go-redis into one of the errors above, with the
// address and the reason. Other errors, such as the end of ctx or an error reply,
// keep their text.
func Explain(addr string, err error) error {
	var reply redis.Error
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask redis at %s: %w", addr, err)
	case errors.As(err, &reply):
		if isPasswordError(reply.Error()) {
			return fmt.Errorf("redis at %s: %w (%s)", addr, ErrPassword, reply)
		}
		return fmt.Errorf("redis at %s: %w", addr, err)
	case errors.As(err, &certificate):
		return fmt.Errorf("redis at %s: certificate refused: %w", addr, err)
	case isMalformedReply(err):
		return fmt.Errorf("what answers at %s is %w", addr, ErrNotRedis)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("redis at %s is %w: connection refused", addr, ErrUnreachable)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("redis at %s is %w: it closed the connection", addr, ErrUnreachable)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("redis at %s is %w: no answer in time", addr, ErrUnreachable)
	case errors.As(err, &network):
		return fmt.Errorf("redis at %s is %w: %w", addr, ErrUnreachable, err)
	}
	return fmt.Errorf("ask redis at %s: %w", addr, err)
}

func isPasswordError(reply string) bool {
	return strings.HasPrefix(reply, "WRONGPASS") || strings.HasPrefix(reply, "NOAUTH") ||
		strings.HasPrefix(reply, "NOPERM") || strings.HasPrefix(reply, "ERR AUTH ") ||
		strings.HasPrefix(reply, "ERR invalid password")
}

// isMalformedReply recognises go-redis's parse errors, which have no type, and
// TLS to a port without it.
func isMalformedReply(err error) bool {
	var plain tls.RecordHeaderError
	text := err.Error()
	return errors.As(err, &plain) || strings.Contains(text, "redis: can't parse") ||
		strings.Contains(text, "redis: invalid reply") || strings.Contains(text, "redis: unexpected")
}
