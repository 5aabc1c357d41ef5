package broker

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
)

// info replies with INFO [section ...].
func (s *Server) info(c *conn, args [][]byte) {
	s.used.notePeak()
	sections := []struct {
		name  string
		write func(*Server, *conn, *strings.Builder)
	}{
		{"Server", (*Server).infoServer},
		{"Clients", (*Server).infoClients},
		{"Memory", (*Server).infoMemory},
		{"Stats", (*Server).infoStats},
		{"Keyspace", (*Server).infoKeyspace},
	}
	var b strings.Builder
	for _, section := range sections {
		if !wanted(section.name, args[1:]) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		fmt.Fprintf(&b, "# %s\r\n", section.name)
		section.write(s, c, &b)
	}
	c.text(b.String())
}

func wanted(section string, asked [][]byte) bool {
	for _, a := range asked {
		if option(a, section) || option(a, "all") || option(a, "default") || option(a, "everything") {
			return true
		}
	}
	return len(asked) == 0
}

func field(b *strings.Builder, name string, value any) {
	fmt.Fprintf(b, "%s:%v\r\n", name, value)
}

func (s *Server) infoServer(c *conn, b *strings.Builder) {
	field(b, "redis_version", redisVersion)
	field(b, "redis_mode", "standalone")
	field(b, "server_name", "spillway")
	field(b, "os", runtime.GOOS+" "+runtime.GOARCH)
	field(b, "process_id", os.Getpid())
	field(b, "run_id", s.runID)
	port := 0
	if addr, ok := c.nc.LocalAddr().(*net.TCPAddr); ok {
		port = addr.Port
	}
	field(b, "tcp_port", port)
	now := time.Now()
	field(b, "server_time_usec", now.UnixMicro())
	field(b, "uptime_in_seconds", int64(now.Sub(s.started).Seconds()))
}

func (s *Server) infoClients(_ *conn, b *strings.Builder) {
	input, output := int64(0), int64(0)
	for _, c := range s.conns {
		waiting, _ := c.out.state()
		output = max(output, waiting)
		input = max(input, c.buffered.Load())
	}
	for _, peak := range s.peakOutputs {
		output = max(output, peak)
	}
	field(b, "connected_clients", len(s.conns))
	field(b, "maxclients", maxConnections)
	field(b, "client_recent_max_input_buffer", input)
	field(b, "client_recent_max_output_buffer", output)
	field(b, "blocked_clients", s.blocked)
}

func (s *Server) infoMemory(_ *conn, b *strings.Builder) {
	used, clients := s.used.total(), s.used.output.Load()+s.used.input.Load()+s.used.conns.Load()
	field(b, "used_memory", used)
	field(b, "used_memory_human", human(used))
	field(b, "used_memory_peak", s.used.peak.Load())
	field(b, "used_memory_peak_human", human(s.used.peak.Load()))
	field(b, "used_memory_overhead", baseBytes+clients)
	field(b, "used_memory_startup", baseBytes)
	field(b, "used_memory_dataset", s.used.data.Load())
	field(b, "maxmemory", s.maxMemory)
	field(b, "maxmemory_human", human(s.maxMemory))
	field(b, "maxmemory_policy", "noeviction")
	field(b, "mem_clients_normal", clients)
	field(b, "mem_clients_output_buffers", s.used.output.Load()) // not in Redis: the sum of omem
	field(b, "mem_allocator", "go")
}

func (s *Server) infoStats(_ *conn, b *strings.Builder) {
	n := &s.counters
	field(b, "total_connections_received", n.connections)
	field(b, "total_commands_processed", n.commands)
	field(b, "total_net_output_bytes", s.used.sent.Load())
	field(b, "rejected_connections", n.rejected)
	field(b, "total_error_replies", n.errors)
	field(b, "pubsub_channels", len(s.channels))
	field(b, "pubsub_patterns", 0)
	field(b, "client_query_buffer_limit_disconnections", n.queryLimitDisconnections)
	field(b, "client_output_buffer_limit_disconnections", n.outputLimitDisconnections)
	field(b, "pubsub_messages_published", n.messagesPublished) // not in Redis
	field(b, "pubsub_messages_delivered", n.deliveries)        // not in Redis
}

func (s *Server) infoKeyspace(_ *conn, b *strings.Builder) {
	if len(s.streams) > 0 {
		field(b, "db0", fmt.Sprintf("keys=%d,expires=0,avg_ttl=0", len(s.streams)))
	}
}

// human writes bytes as Redis does: 1.50M.
func human(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%.2fK", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.2fM", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2fG", float64(n)/(1<<30))
}
