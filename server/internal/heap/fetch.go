package heap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxRawBytes bounds a profile as it is sent; those of lanes with 210
	// readers are 8 to 10 KB.
	maxRawBytes = 4 << 20
	// fetchLimit is for a lane that collects a large heap on a busy machine, which
	// usually takes a fraction of a second.
	fetchLimit = 10 * time.Second
)

// ErrTooLarge says that what a lane sent is no profile of a lane.
var ErrTooLarge = errors.New("heap profile too large")

// Fetch asks the lane that listens on an address and port of this machine for a
// profile of its heap. The lane collects its garbage first, so that what nobody
// holds any more does not count. Fetch blocks until the profile is there, at most
// for ten seconds or until ctx is done.
func Fetch(ctx context.Context, host string, port int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	raw, status, err := ask(ctx, "http", host, port)
	if err == nil && status == http.StatusBadRequest { // what a listener with TLS says to whoever speaks without
		raw, status, err = ask(ctx, "https", host, port)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetch heap profile: %w", err)
	case status != http.StatusOK:
		return nil, fmt.Errorf("fetch heap profile: the lane answers %d %s", status, http.StatusText(status))
	case len(raw) > maxRawBytes:
		return nil, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, maxRawBytes>>20)
	}
	return raw, nil
}

// ask returns one byte more than a profile may have, at most.
func ask(ctx context.Context, scheme, host string, port int) (raw []byte, status int, err error) {
	address := scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/debug/pprof/heap?gc=1"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	// One connection for one question: a lane ends with its run, and a proxy of the
	// environment must not be asked for it. The certificate is one that the lane was
	// given for the page; the port on this machine is what says who it is.
	way := &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	response, err := (&http.Client{Transport: way}).Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(response.Body, maxRawBytes+1))
	return raw, response.StatusCode, err
}
