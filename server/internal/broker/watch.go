package broker

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Health is what Watch sees of a broker.
type Health struct {
	At time.Time
	Up bool
	// Err says in words for a page why the broker is down; see the errors of Dial.
	Err error
	// Restarted: this is not the Redis of the last time it was up, so the streams
	// of that one, and what waited in them, are gone. True once for each restart.
	Restarted bool

	// The rest is zero while the broker is down.
	Version         string
	RunID           string
	UsedMemoryBytes int64
	MaxMemoryBytes  int64 // 0: no limit
	// OutputBytes waits in the broker for its clients to read, in all (the sum
	// of omem in CLIENT LIST), and for the slowest of them.
	OutputBytes        int64
	LargestOutputBytes int64
	Clients            int
	// OutputLimitDisconnections counts clients that were cut off because they
	// read too slowly. Redis has it since 7.2: -1 where it is not visible.
	OutputLimitDisconnections int64
}

// Watch asks the broker how it is, at once and then at the given interval, and
// calls report each time, from the goroutine that called Watch. It returns when
// ctx is done. A question that is not answered within the interval, but at least
// a second, counts as down.
func Watch(ctx context.Context, client *redis.Client, every time.Duration, report func(Health)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	lastRunID := ""
	for {
		h := ask(ctx, client, max(every, time.Second))
		if ctx.Err() != nil {
			return
		}
		if h.Up {
			h.Restarted = lastRunID != "" && lastRunID != h.RunID
			lastRunID = h.RunID
		}
		report(h)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func ask(ctx context.Context, client *redis.Client, timeout time.Duration) Health {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	h := Health{At: time.Now()}
	var infos [4]*redis.StringCmd
	var list *redis.StringCmd
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		// One section each: Redis knows several at once only since 7.0.
		for i, section := range []string{"server", "clients", "memory", "stats"} {
			infos[i] = p.Info(ctx, section)
		}
		list = p.ClientList(ctx)
		return nil
	})
	if err != nil {
		h.Err = Explain(client.Options().Addr, err)
		return h
	}
	h.Up = true
	h.OutputLimitDisconnections = -1
	for _, info := range infos {
		h.readInfo(info.Val())
	}
	h.OutputBytes, h.LargestOutputBytes = outputMemory(list.Val())
	return h
}

// readInfo takes what Health needs from a section of INFO.
func (h *Health) readInfo(section string) {
	for line := range strings.Lines(section) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		number, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "redis_version":
			h.Version = value
		case "run_id":
			h.RunID = value
		case "connected_clients":
			h.Clients = int(number)
		case "used_memory":
			h.UsedMemoryBytes = number
		case "maxmemory":
			h.MaxMemoryBytes = number
		case "client_output_buffer_limit_disconnections":
			h.OutputLimitDisconnections = number
		}
	}
}

// outputMemory adds up omem in a CLIENT LIST and finds the largest.
func outputMemory(list string) (sum, largest int64) {
	for line := range strings.Lines(list) {
		for word := range strings.FieldsSeq(line) {
			if value, ok := strings.CutPrefix(word, "omem="); ok {
				n, _ := strconv.ParseInt(value, 10, 64)
				sum += n
				largest = max(largest, n)
			}
		}
	}
	return sum, largest
}
