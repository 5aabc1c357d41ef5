// Package site is what the server shows and takes: the page, the hub that keeps
// pages live, the API for scripts, metrics.
//
//	run → View → site → page (templ), hub frames (wire), JSON, Prometheus
//	page, script → site → settings → run
//
// It maps what run knows to the view models of web and to frames; it decides
// nothing about a run. It never touches a byte of a lane: readers connect to the
// lanes themselves.
//
// Who may change the run: on loopback whoever opens the page, beyond it whoever
// has the token that the server printed. Requests that change something and the
// hub refuse a foreign Origin, and a server on loopback refuses foreign names in
// Host, so that no page of another site can steer a run or read one.
package site
