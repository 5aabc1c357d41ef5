package chart

// sortStable sorts by insertion: what is sorted here is short, or in order but
// for a few, and package slices would add 10 KB to the WASM client.
func sortStable[T any](s []T, compare func(a, b T) int) {
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && compare(s[j], s[j-1]) < 0; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}
