package broker

import (
	"slices"

	"github.com/tidwall/match"
	"github.com/tidwall/redcon"
)

// channel has at least one subscriber; without, it is not kept.
type channel struct {
	subscribers []*conn // in order of subscription
}

// publish queues a message for every subscriber. It is encoded at most once for
// each version of the protocol, whatever the number of subscribers.
func (s *Server) publish(c *conn, args [][]byte) {
	s.counters.messagesPublished++
	ch := s.channels[string(args[1])]
	if ch == nil {
		c.int(0)
		return
	}
	// Clients that are cut off by this very message still count, as in Redis.
	n := len(ch.subscribers)
	var encoded, encoded3 []byte
	for _, subscriber := range ch.subscribers {
		message := &encoded
		if subscriber.resp3 {
			message = &encoded3
		}
		if *message == nil {
			*message = encodeMessage(subscriber.resp3, args[1], args[2])
		}
		subscriber.send(*message)
	}
	s.counters.deliveries += int64(n)
	c.int(int64(n))
}

func encodeMessage(resp3 bool, channel, payload []byte) []byte {
	b := make([]byte, 0, len("*3\r\n$7\r\nmessage\r\n")+bulkLen(len(channel))+bulkLen(len(payload)))
	b = append(b, "*3\r\n$7\r\nmessage\r\n"...)
	if resp3 {
		b[0] = '>'
	}
	b = redcon.AppendBulk(b, channel)
	return redcon.AppendBulk(b, payload)
}

func (s *Server) subscribeAll(c *conn, args [][]byte) {
	for _, arg := range args[1:] {
		name := string(arg)
		s.subscribe(c, name)
		c.confirm("subscribe", name)
	}
}

func (s *Server) unsubscribeAll(c *conn, args [][]byte) {
	names := make([]string, 0, len(args)-1)
	for _, arg := range args[1:] {
		names = append(names, string(arg))
	}
	if len(args) == 1 {
		for name := range c.channels {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	for _, name := range names {
		s.unsubscribe(c, name)
		c.confirm("unsubscribe", name)
	}
	if len(names) == 0 {
		c.pushHeader(3)
		c.bulkString("unsubscribe")
		c.null()
		c.int(0)
	}
}

// confirm tells the client that it is or is no longer subscribed.
func (c *conn) confirm(kind, channel string) {
	c.pushHeader(3)
	c.bulkString(kind)
	c.bulkString(channel)
	c.int(int64(len(c.channels)))
}

func (s *Server) subscribe(c *conn, name string) {
	if c.channels[name] != nil {
		return
	}
	ch := s.channels[name]
	if ch == nil {
		ch = new(channel)
		s.channels[name] = ch
		s.used.data.Add(int64(keyBytes + len(name)))
	}
	ch.subscribers = append(ch.subscribers, c)
	if c.channels == nil {
		c.channels = make(map[string]*channel)
	}
	c.channels[name] = ch
	s.used.data.Add(subscriptionBytes)
}

func (s *Server) unsubscribe(c *conn, name string) {
	ch := c.channels[name]
	if ch == nil {
		return
	}
	delete(c.channels, name)
	i := slices.Index(ch.subscribers, c)
	ch.subscribers = slices.Delete(ch.subscribers, i, i+1)
	s.used.data.Add(-subscriptionBytes)
	if len(ch.subscribers) == 0 {
		delete(s.channels, name)
		s.used.data.Add(-int64(keyBytes + len(name)))
	}
}

func (s *Server) pubsubNumSub(c *conn, args [][]byte) {
	c.mapHeader(len(args) - 2)
	for _, name := range args[2:] {
		c.bulk(name)
		n := 0
		if ch := s.channels[string(name)]; ch != nil {
			n = len(ch.subscribers)
		}
		c.int(int64(n))
	}
}

func (s *Server) pubsubChannels(c *conn, args [][]byte) {
	if len(args) > 3 {
		c.error(errSyntax)
		return
	}
	var names []string
	for name := range s.channels {
		if len(args) == 2 || match.Match(name, string(args[2])) {
			names = append(names, name)
		}
	}
	c.stringArray(names)
}
