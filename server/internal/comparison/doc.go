// Package comparison plays every strategy side by side: one run, the same
// messages, the same readers, some of them slow for most of it. Its table says
// what each strategy costs, and whom.
//
//	Choice → scenario → run → views → Desk → Result (package outcome) → Table
//
// The command "spillway compare" and the page /compare are made of the same
// scenario and the same table, so that they cannot differ.
package comparison
