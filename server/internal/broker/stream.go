package broker

import (
	"slices"
	"sort"
	"strconv"

	"github.com/tidwall/redcon"
)

// Bounds of a node: Redis's stream-node-max-entries and stream-node-max-bytes.
// Redis counts the bytes of its own compact encoding, this broker those of RESP.
const (
	nodeMaxEntries = 100
	nodeMaxBytes   = 4096
)

// What Go allocates for a node and an entry beyond the encoded bytes.
const (
	nodeBytes  = 80
	entryBytes = 24
)

// stream is an append-only log of entries in ascending order of id, stored in
// nodes so that trimming gives memory back. It has no lock of its own.
type stream struct {
	nodes []*node // oldest first; those before head are gone
	head  int

	length       int
	lastID       streamID
	maxDeletedID streamID // by XDEL; trimming does not count, as in Redis
	entriesAdded uint64
	bytes        int64 // memory of the nodes
}

// node holds consecutive entries, encoded one behind the other as they stand in
// the reply to XREAD: *2 id *n field value ...
type node struct {
	entries []entry // those before first are trimmed
	first   int
	data    []byte
}

type entry struct {
	id  streamID
	end int // of its bytes in data
}

func (n *node) live() int     { return len(n.entries) - n.first }
func (n *node) oldest() entry { return n.entries[n.first] }
func (n *node) newest() entry { return n.entries[len(n.entries)-1] }

func (n *node) start(i int) int {
	if i == 0 {
		return 0
	}
	return n.entries[i-1].end
}

// encoded returns the bytes of entries i to j, without j.
func (n *node) encoded(i, j int) []byte {
	if i == j {
		return nil
	}
	return n.data[n.start(i):n.entries[j-1].end]
}

// search returns the index of the first live entry with an id not less than id.
func (n *node) search(id streamID) int {
	return n.first + sort.Search(n.live(), func(i int) bool {
		return !n.entries[n.first+i].id.less(id)
	})
}

func (n *node) size() int64 {
	return int64(nodeBytes + entryBytes*cap(n.entries) + cap(n.data))
}

// without returns a node with the live entries of n except those from i to j.
func (n *node) without(i, j int) *node {
	kept := n.live() - (j - i)
	m := &node{
		entries: make([]entry, 0, kept),
		data:    make([]byte, 0, n.newest().end-n.start(n.first)-len(n.encoded(i, j))),
	}
	for k := n.first; k < len(n.entries); k++ {
		if k < i || k >= j {
			m.data = append(m.data, n.encoded(k, k+1)...)
			m.entries = append(m.entries, entry{n.entries[k].id, len(m.data)})
		}
	}
	return m
}

// add appends an entry, whose id must be greater than lastID. Fields are copied.
func (s *stream) add(id streamID, fields [][]byte) {
	size := encodedLen(id, fields)
	tail := s.tail()
	if tail == nil || len(tail.entries) >= nodeMaxEntries || len(tail.data)+size > nodeMaxBytes {
		tail = s.grow(size)
	}
	before := tail.size()
	tail.data = appendEntry(tail.data, id, fields)
	tail.entries = append(tail.entries, entry{id, len(tail.data)})
	s.bytes += tail.size() - before
	s.length++
	s.entriesAdded++
	s.lastID = id
}

func (s *stream) tail() *node {
	if s.head == len(s.nodes) {
		return nil
	}
	return s.nodes[len(s.nodes)-1]
}

// grow starts a node for an entry of size bytes. A stream's first node grows as
// needed, since many streams stay short; later ones begin at full size, and the
// one before gives back what it did not use.
func (s *stream) grow(size int) *node {
	n := &node{data: make([]byte, 0, size)}
	if tail := s.tail(); tail != nil {
		before := tail.size()
		tail.data = slices.Clone(tail.data)
		tail.entries = slices.Clone(tail.entries)
		s.bytes += tail.size() - before
		if size < nodeMaxBytes {
			n.data = make([]byte, 0, nodeMaxBytes)
			n.entries = make([]entry, 0, min(nodeMaxEntries, nodeMaxBytes/size))
		}
	}
	s.nodes = append(s.nodes, n)
	s.bytes += n.size()
	return n
}

// dropHead removes the oldest node.
func (s *stream) dropHead() {
	n := s.nodes[s.head]
	s.length -= n.live()
	s.bytes -= n.size()
	s.nodes[s.head] = nil
	s.head++
	if s.head > len(s.nodes)/2 {
		kept := copy(s.nodes, s.nodes[s.head:])
		clear(s.nodes[kept:])
		s.nodes, s.head = s.nodes[:kept], 0
	}
}

// firstID is the id of the oldest entry; zero if there is none.
func (s *stream) firstID() streamID {
	if s.length == 0 {
		return streamID{}
	}
	return s.nodes[s.head].oldest().id
}

// newestID is the id of the newest entry that has not been deleted.
func (s *stream) newestID() streamID {
	if s.length == 0 {
		return streamID{}
	}
	return s.tail().newest().id
}

// remove deletes one entry, like XDEL.
func (s *stream) remove(id streamID) bool {
	at := s.seek(id)
	if at.node == len(s.nodes) {
		return false
	}
	n := s.nodes[at.node]
	if n.entries[at.entry].id != id {
		return false
	}
	if n.live() == 1 {
		s.length--
		s.bytes -= n.size()
		s.nodes = slices.Delete(s.nodes, at.node, at.node+1)
	} else {
		s.replace(at.node, n.without(at.entry, at.entry+1))
	}
	if s.maxDeletedID.less(id) {
		s.maxDeletedID = id
	}
	return true
}

func (s *stream) replace(i int, n *node) {
	old := s.nodes[i]
	s.length += n.live() - old.live()
	s.bytes += n.size() - old.size()
	s.nodes[i] = n
}

func digits(n uint64) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

func bulkLen(n int) int { return len("$\r\n\r\n") + digits(uint64(n)) + n }

// encodedLen is the number of bytes that appendEntry appends.
func encodedLen(id streamID, fields [][]byte) int {
	n := len("*2\r\n") + bulkLen(digits(id.ms)+1+digits(id.seq)) + len("*\r\n") + digits(uint64(len(fields)))
	for _, f := range fields {
		n += bulkLen(len(f))
	}
	return n
}

func appendEntry(dst []byte, id streamID, fields [][]byte) []byte {
	dst = redcon.AppendArray(dst, 2)
	dst = append(dst, '$')
	dst = strconv.AppendInt(dst, int64(digits(id.ms)+1+digits(id.seq)), 10)
	dst = append(dst, "\r\n"...)
	dst = id.append(dst)
	dst = append(dst, "\r\n"...)
	dst = redcon.AppendArray(dst, len(fields))
	for _, f := range fields {
		dst = redcon.AppendBulk(dst, f)
	}
	return dst
}
