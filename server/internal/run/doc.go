// Package run is the life of a run: it starts the processes of a scenario,
// passes settings on to them while they live, adds up what they report, writes
// down in sentences what happened, and clears everything away.
//
//	lane, crowd, producer, broker → reports → run → samples → site → page
//	page, API → settings → run → commands → lane, crowd, producer
//
// No byte of a lane passes here. The browser, scripts and headless runs use the
// same Control.
//
// A Control has one Session at a time. Without viewers nobody needs one: the run
// rests and costs nothing; the first viewer starts it, and some seconds after
// the last has left it rests again. A session that somebody started through the
// API while nobody watched stays until it is stopped.
package run
