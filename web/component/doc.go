// Package component draws the parts of a page: lanes, controls, the log, the
// verdict.
//
//	samples → site (view models) → page, component → browser
//
// A component is a function of its view model and knows no server package.
// Sentences arrive written; a component decides where they stand and what can be
// pressed. Parts that the server replaces while a page is open (Status, Say,
// Log, Verdict, Notice, Script, Ask, Checks) render the inside of the element that
// keeps their id.
package component
