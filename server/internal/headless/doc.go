// Package headless takes a run from its start to its end where nobody watches a
// page: it records every sample, notices when the run is over and why, and
// clears it away.
//
//	run → views → record
//	      └─ over? → the end
package headless
