package chart

// sortStable is a merge sort: package slices would add 10 KB to the WASM client.
// What is sorted here is short, or in order but for a few.
func sortStable[T any](s []T, compare func(a, b T) int) {
	if len(s) < 2 {
		return
	}
	middle := len(s) / 2
	sortStable(s[:middle], compare)
	sortStable(s[middle:], compare)
	if compare(s[middle-1], s[middle]) <= 0 {
		return
	}
	left := append([]T(nil), s[:middle]...)
	right := s[middle:]
	for i := range s {
		if len(left) == 0 {
			return // the rest stands where it belongs
		}
		if len(right) > 0 && compare(right[0], left[0]) < 0 {
			s[i], right = right[0], right[1:]
		} else {
			s[i], left = left[0], left[1:]
		}
	}
}
