// Package certificate makes what a lane with TLS shows: a certificate that signs
// itself. No browser speaks HTTP/2 without TLS, so a lane that is to show HTTP/2
// needs one.
//
// Nobody vouches for it. A person opens the lane once and accepts it; a program
// trusts exactly this one (Trust). It and its key live in the memory of the
// server and of its lanes and are never written to disk.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	"spillway/server/internal/lane"
)

const (
	// Valid is how long a certificate is: longer than a workshop, and too short to
	// be worth stealing.
	Valid = 7 * 24 * time.Hour
	// early makes it valid on a phone whose clock is behind.
	early = time.Hour
)

// Make makes a certificate for these names and addresses, with a key of its own
// (ECDSA P-256), valid from a little before now.
func Make(hosts []string, now time.Time) (lane.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return lane.Certificate{}, fmt.Errorf("make key: %w", err)
	}
	// Without a serial number Go draws a random one of 20 bytes (RFC 5280, section
	// 4.1.2.2).
	template := x509.Certificate{
		Subject:               pkix.Name{CommonName: "Spillway, made by this server itself"},
		NotBefore:             now.Add(-early),
		NotAfter:              now.Add(Valid),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // and not one that may sign others
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	chain, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return lane.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return lane.Certificate{}, fmt.Errorf("encode key: %w", err)
	}
	return lane.Certificate{
		Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain})),
		Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
	}, nil
}

// Trust is a pool with the certificates of a chain and no others.
func Trust(chain string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(chain)) {
		return nil, errors.New("there is no certificate in the chain")
	}
	return pool, nil
}
