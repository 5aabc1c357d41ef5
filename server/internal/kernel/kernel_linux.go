package kernel

import (
	"time"

	"golang.org/x/sys/unix"
)

// readInfo asks for SIOCOUTQ (tcp(7)), which counts in bytes what tcp_info
// counts in segments, and for the rest of tcp_info. Before Linux 5.4 the window
// is not in it and reads 0.
func readInfo(fd uintptr) (Info, error) {
	queue, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
	if err != nil {
		return Info{}, err
	}
	t, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return Info{}, err
	}
	return Info{
		QueueBytes:  uint64(max(queue, 0)),
		UnsentBytes: uint64(t.Notsent_bytes),
		WindowBytes: uint64(t.Snd_wnd),
		Limited:     time.Duration(t.Rwnd_limited) * time.Microsecond,
		RoundTrip:   time.Duration(t.Rtt) * time.Microsecond,
		Lost:        uint64(t.Total_retrans),
		InFlight:    uint64(t.Unacked),
		Heard:       time.Duration(t.Last_ack_recv) * time.Millisecond,
		Sent:        time.Duration(t.Last_data_sent) * time.Millisecond,
		Probes:      uint64(t.Probes),
	}, nil
}
