package lanehost

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// secure prepares server for TLS with the certificate, for HTTP/2 and for
// HTTP/1.1, whichever the client chooses (ALPN, RFC 7301).
func (h *Host) secure(server *http.Server, certificate *lane.Certificate) error {
	pair, err := tls.X509KeyPair([]byte(certificate.Chain), []byte(certificate.Key))
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: transport.MaxStreams}
	server.ConnContext = transport.ConnContext
	return nil
}

// listen serves until the server is closed.
func (h *Host) listen(server *http.Server, l net.Listener) error {
	if h.cfg.TLS == nil {
		return server.Serve(l)
	}
	return server.ServeTLS(l, "", "")
}
