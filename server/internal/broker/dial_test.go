package broker_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

func TestDial(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c, err := broker.Dial(t.Context(), "redis://"+b.Addr, broker.DialOptions{
			Name: "reader", BufferBytes: broker.ReaderBufferBytes, PoolSize: 1})
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		add(t, c, "s", "1-0")
		require.NotEmpty(t, client(t, c, "reader"))
		// A context's deadline ends a read that would block longer.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		got := await(t, read(ctx, c, time.Minute, 0, "s", "$"), "the deadline")
		require.Error(t, got.err)
		require.NotErrorIs(t, got.err, redis.Nil)
	})
}

// TestDialErrors: each error says which of the reasons it is, and names the
// address, not the password.
func TestDialErrors(t *testing.T) {
	const password = "hunter2"
	protected := brokertest.Embedded(t, broker.Options{Password: "another"})
	open := brokertest.Embedded(t, broker.Options{})
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	nobody := listen(t, nil)
	require.NoError(t, nobody.Close())
	silent := listen(t, func(net.Conn) {})
	closing := listen(t, func(nc net.Conn) { _ = nc.Close() })
	mail := listen(t, func(nc net.Conn) { _, _ = nc.Write([]byte("220 mail.example ESMTP\r\n")) })

	at := func(l net.Listener) string { return "redis://:" + password + "@" + l.Addr().String() }
	for name, tc := range map[string]struct {
		url  string
		want error
	}{
		"nobody":           {at(nobody), broker.ErrUnreachable},
		"silent":           {at(silent), broker.ErrUnreachable},
		"closing":          {at(closing), broker.ErrUnreachable},
		"unknown host":     {"redis://:" + password + "@spillway.invalid:1", broker.ErrUnreachable},
		"wrong password":   {"redis://:" + password + "@" + protected.Addr, broker.ErrPassword},
		"wrong user":       {"redis://me:another@" + protected.Addr, broker.ErrPassword},
		"no password":      {"redis://" + protected.Addr, broker.ErrPassword},
		"web server":       {at(web.Listener), broker.ErrNotRedis},
		"mail server":      {at(mail), broker.ErrNotRedis},
		"TLS to plain":     {"rediss://:" + password + "@" + open.Addr, broker.ErrNotRedis},
		"other scheme":     {"http://:" + password + "@" + open.Addr, broker.ErrURL},
		"no scheme":        {open.Addr, broker.ErrURL},
		"nothing":          {"", broker.ErrURL},
		"bad port":         {"redis://:" + password + "@localhost:x", broker.ErrURL},
		"bad escape":       {"redis://:" + password + "%zz@localhost", broker.ErrURL},
		"bad database":     {"redis://:" + password + "@" + open.Addr + "/x", broker.ErrURL},
		"unknown database": {"redis://:" + password + "@" + open.Addr + "/3", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := broker.Dial(t.Context(), tc.url, broker.DialOptions{Timeout: 200 * time.Millisecond, MaxRetries: -1})
			require.Nil(t, c)
			require.Error(t, err)
			for _, reason := range []error{broker.ErrURL, broker.ErrUnreachable, broker.ErrPassword, broker.ErrNotRedis} {
				require.Equal(t, reason == tc.want, errors.Is(err, reason), "%v: %v", reason, err)
			}
			require.NotContains(t, err.Error(), password)
			if tc.want != broker.ErrURL {
				_, address, _ := strings.Cut(tc.url, "://")
				_, address, _ = strings.Cut(address, "@")
				address, _, _ = strings.Cut(address, "/")
				require.Contains(t, err.Error(), address)
			}
			t.Log(err)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := broker.Dial(ctx, "redis://"+open.Addr, broker.DialOptions{})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// listen accepts connections, which stay open until the test ends, and hands
// each to greet.
func listen(t *testing.T, greet func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			defer nc.Close()
			greet(nc)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l
}
