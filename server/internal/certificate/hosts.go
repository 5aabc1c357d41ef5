package certificate

import (
	"net"
	"os"
	"slices"
	"strings"
)

// letters are what a name in a certificate may be made of: host names as in RFC 1123, section 2.1.
const letters = "abcdefghijklmnopqrstuvwxyz0123456789-."

// Hosts are the names and addresses under which a server that listens on host
// can be reached: those of this machine itself always, and where host is every
// interface those of all of them, as a phone on the same network uses them. What
// the system does not tell is left out.
func Hosts(host string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if ip := net.ParseIP(host); host != "" && !ip.IsUnspecified() {
		return add(hosts, host)
	}
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok {
			hosts = add(hosts, network.IP.String())
		}
	}
	if name, err := os.Hostname(); err == nil && strings.Trim(strings.ToLower(name), letters) == "" {
		name = strings.ToLower(name)
		hosts = add(hosts, name)
		if !strings.Contains(name, ".") {
			hosts = add(hosts, name+".local") // multicast DNS, RFC 6762
		}
	}
	return hosts
}

func add(hosts []string, host string) []string {
	if slices.Contains(hosts, host) {
		return hosts
	}
	return append(hosts, host)
}
