package certificate

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

var now = time.Date(2025, 11, 22, 12, 0, 0, 0, time.UTC)

func parse(t *testing.T, c lane.Certificate) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(c.Chain))
	require.NotNil(t, block)
	require.Empty(t, rest, "one certificate")
	parsed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return parsed
}

func TestMake(t *testing.T) {
	made, err := Make([]string{"localhost", "127.0.0.1", "::1", "talk.local", "192.0.2.7"}, now)
	require.NoError(t, err)
	c := parse(t, made)
	require.Equal(t, "P-256", c.PublicKey.(*ecdsa.PublicKey).Curve.Params().Name)
	require.False(t, c.IsCA)
	require.Equal(t, 7*24*time.Hour+time.Hour, c.NotAfter.Sub(c.NotBefore))
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "talk.local", "192.0.2.7"} {
		require.NoError(t, c.VerifyHostname(host), host)
	}
	for _, host := range []string{"example.org", "192.0.2.8", "x.localhost"} {
		require.Error(t, c.VerifyHostname(host), host)
	}
	other, err := Make([]string{"localhost"}, now)
	require.NoError(t, err)
	require.NotEqual(t, made.Key, other.Key)
	require.NotEqual(t, c.SerialNumber, parse(t, other).SerialNumber)
}

// A client that trusts the chain reads from a server that shows it, and from no
// other.
func TestTrust(t *testing.T) {
	serve := func(c lane.Certificate) string {
		pair, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key))
		require.NoError(t, err)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello") //nolint:errcheck // seen by the client
		}))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		server.Config.ErrorLog = nil
		server.StartTLS()
		t.Cleanup(server.Close)
		return "https://" + server.Listener.Addr().String()
	}
	mine, err := Make([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	theirs, err := Make([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	pool, err := Trust(mine.Chain)
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true,
	}}
	response, err := client.Get(serve(mine))
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "hello", string(body))
	_, err = client.Get(serve(theirs))
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown)

	for _, chain := range []string{"", "no certificate", mine.Key} {
		_, err := Trust(chain)
		require.Error(t, err)
	}
}

func TestHosts(t *testing.T) {
	own := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		require.Equal(t, own, Hosts(host))
	}
	require.Equal(t, append(own[:3:3], "192.0.2.7"), Hosts("192.0.2.7"))
	require.Equal(t, append(own[:3:3], "talk.example"), Hosts("talk.example"))
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	require.NotEmpty(t, addresses)
	for _, host := range []string{"", "0.0.0.0", "::"} {
		hosts := Hosts(host)
		require.Subset(t, hosts, own)
		for _, a := range addresses {
			require.Contains(t, hosts, a.(*net.IPNet).IP.String())
		}
		require.NotContains(t, hosts, host)
	}
}

func TestKeeperMakesOneUntilItEndsSoon(t *testing.T) {
	var k Keeper
	first, err := k.For("127.0.0.1", now)
	require.NoError(t, err)
	again, err := k.For("127.0.0.1", now.Add(Valid-renewal-time.Second))
	require.NoError(t, err)
	require.Equal(t, first, again)
	next, err := k.For("127.0.0.1", now.Add(Valid-renewal))
	require.NoError(t, err)
	require.NotEqual(t, first, next)
}
