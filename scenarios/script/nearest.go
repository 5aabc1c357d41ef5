package script

import "strings"

// nearest is the word that whoever wrote word most likely meant, or "" where
// none is near. Of two that are as near, the first one counts.
//
// Near is a Damerau-Levenshtein distance (letters added, left out, changed, or
// swapped with their neighbour) of at most a third of the longer word, and 1
// for the shortest. Capitals do not count, and neither does - for _.
func nearest(word string, words []string) string {
	best, least := "", 0
	for _, w := range words {
		d := distance(plainly(word), plainly(w))
		if d > max(1, max(len(word), len(w))/3) || d >= min(len(word), len(w)) {
			continue
		}
		if best == "" || d < least {
			best, least = w, d
		}
	}
	return best
}

func plainly(word string) string {
	return strings.ReplaceAll(strings.ToLower(word), "-", "_")
}

// maxNearest bounds the words that are compared, since the work grows with the
// square of their length.
const maxNearest = 64

// distance is the number of single changes between a and b, where no letter is
// changed twice (optimal string alignment).
func distance(a, b string) int {
	if len(a) > maxNearest || len(b) > maxNearest {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
