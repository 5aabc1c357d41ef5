// Package page draws whole pages from their view models: the stage, and the page
// that says what went wrong.
//
//	samples → site (view models) → page → browser
//
// It knows no server package. First paint comes from here; from then on the WASM
// client changes texts and paths in place, and the server sends parts anew.
package page
