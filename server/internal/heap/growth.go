package heap

import (
	"cmp"
	"slices"
)

// Growth is what became of one site between two profiles.
type Growth struct {
	Site             // its figures are those of the later profile
	AddBytes   int64 // negative where it shrank
	AddObjects int64 // likewise
}

// Compare tells what grew from one profile to another, the most first, and what
// shrank most at the end. A site whose bytes are the same in both is left out.
//
// Sites are the same if they are the same line, reached from the same place of
// this program: the two profiles must be of the same build.
func Compare(before, after Profile) []Growth {
	type key struct {
		at, from Place
		part     Part
	}
	all := make(map[key]*Growth)
	for _, s := range after.Sites {
		all[key{s.Place, s.From, s.Part}] = &Growth{Site: s, AddBytes: s.Bytes, AddObjects: s.Objects}
	}
	for _, s := range before.Sites {
		k := key{s.Place, s.From, s.Part}
		g := all[k]
		if g == nil {
			gone := s
			gone.Bytes, gone.Objects = 0, 0
			g = &Growth{Site: gone}
			all[k] = g
		}
		g.AddBytes -= s.Bytes
		g.AddObjects -= s.Objects
	}
	var out []Growth
	for _, g := range all {
		if g.AddBytes != 0 {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(a, b Growth) int {
		return cmp.Or(cmp.Compare(b.AddBytes, a.AddBytes), comparePlaces(a.Place, b.Place), comparePlaces(a.From, b.From), cmp.Compare(a.Part, b.Part))
	})
	return out
}
