package broker

import (
	"slices"
	"sort"

	"github.com/tidwall/redcon"
)

// position is a place in a stream, in front of an entry or behind the last one
// ({len(nodes), 0}).
type position struct{ node, entry int }

// seek returns the position of the first entry with an id not less than id.
func (s *stream) seek(id streamID) position {
	i := s.head + sort.Search(len(s.nodes)-s.head, func(i int) bool {
		return !s.nodes[s.head+i].newest().id.less(id)
	})
	if i == len(s.nodes) {
		return position{node: i}
	}
	return position{i, s.nodes[i].search(id)}
}

// interval returns the positions from the first entry not less than from to
// behind the last one not greater than to.
func (s *stream) interval(from, to streamID) (position, position) {
	end := position{node: len(s.nodes)}
	if after, ok := to.next(); ok {
		end = s.seek(after)
	}
	return s.seek(from), end
}

// walk calls visit with the entries between two positions, node by node, until
// it returns false.
func (s *stream) walk(from, end position, visit func(n *node, i, j int) bool) {
	for at := from; at.node < len(s.nodes) && at.node <= end.node; at = (position{node: at.node + 1}) {
		n := s.nodes[at.node]
		i, j := max(at.entry, n.first), len(n.entries)
		if at.node == end.node {
			j = end.entry
		}
		if i < j && !visit(n, i, j) {
			return
		}
	}
}

// appendRange appends the array of the first limit entries between two ids, both
// included, oldest first. A limit of 0 is none.
func (s *stream) appendRange(dst []byte, from, to streamID, limit int) []byte {
	start, end := s.interval(from, to)
	count, size := 0, len("*\r\n")+digits(uint64(s.length))
	s.walk(start, end, func(n *node, i, j int) bool {
		if limit > 0 {
			j = min(j, i+limit-count)
		}
		count += j - i
		size += len(n.encoded(i, j))
		return limit == 0 || count < limit
	})
	dst = redcon.AppendArray(slices.Grow(dst, size), count)
	s.walk(start, end, func(n *node, i, j int) bool {
		j = min(j, i+count)
		dst = append(dst, n.encoded(i, j)...)
		count -= j - i
		return count > 0
	})
	return dst
}

// appendReversed is appendRange, newest first.
func (s *stream) appendReversed(dst []byte, from, to streamID, limit int) []byte {
	start, end := s.interval(from, to)
	count := 0
	s.walk(start, end, func(_ *node, i, j int) bool {
		count += j - i
		return true
	})
	if limit > 0 {
		count = min(count, limit)
	}
	dst = redcon.AppendArray(dst, count)
	for at := end; count > 0; count-- {
		if at.entry == 0 || at.node < len(s.nodes) && at.entry == s.nodes[at.node].first {
			at.node--
			at.entry = len(s.nodes[at.node].entries)
		}
		at.entry--
		dst = append(dst, s.nodes[at.node].encoded(at.entry, at.entry+1)...)
	}
	return dst
}
