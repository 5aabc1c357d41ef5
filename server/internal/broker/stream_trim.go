package broker

// trim says which of a stream's oldest entries go.
type trim struct {
	strategy trimStrategy
	maxLen   int64
	minID    streamID
	// approximate is Redis's "~": only whole nodes go, so up to a node's
	// entries (100, or 4 KiB of them) more than asked for may stay.
	approximate bool
	// limit bounds how many entries go at once; 0: none.
	limit int64
}

type trimStrategy int

const (
	trimNone trimStrategy = iota
	trimMaxLen
	trimMinID
)

// defaultTrimLimit holds for approximate trimming without LIMIT, as in Redis.
const defaultTrimLimit = 100 * nodeMaxEntries

// trim removes the oldest entries and returns how many. It stops in front of a
// node that would take it over the limit. Its cost is one node per nodeMaxEntries
// removed, and a copy of at most one node.
func (s *stream) trim(t trim) (removed int64) {
	for s.length > 0 {
		n := s.nodes[s.head]
		surplus := s.surplus(t, n)
		if surplus == 0 || t.limit > 0 && removed+int64(n.live()) > t.limit {
			break
		}
		if surplus == n.live() {
			removed += int64(surplus)
			s.dropHead()
			continue
		}
		if !t.approximate {
			removed += int64(surplus)
			s.dropEntries(n, surplus)
		}
		break
	}
	return removed
}

// surplus is the number of n's entries that t removes; n is the oldest node.
func (s *stream) surplus(t trim, n *node) int {
	switch t.strategy {
	case trimMaxLen:
		return int(min(max(int64(s.length)-t.maxLen, 0), int64(n.live())))
	case trimMinID:
		return n.search(t.minID) - n.first
	}
	return 0
}

// dropEntries removes the first count entries of the oldest node. Their bytes
// stay until they are half of the node, so that a MAXLEN which removes one entry
// with each XADD does not copy a node each time.
func (s *stream) dropEntries(n *node, count int) {
	n.first += count
	s.length -= count
	if n.start(n.first) > len(n.data)/2 {
		before := n.size()
		*n = *n.without(n.first, n.first)
		s.bytes += n.size() - before
	}
}
