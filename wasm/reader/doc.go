// Package reader is the receiving end of a lane: it takes apart what arrives
// and keeps the account of it.
//
//	transport → kernel → browser → reader → throttle → consumed
//
// It decodes server-sent events by the rules of the WHATWG HTML standard,
// section 9.2.6, from chunks cut anywhere, scans the head of every message, and
// counts what came, what is missing and how old it was. It never blocks, starts
// nothing, and holds at most one unfinished line, 1 MiB. The WASM client and the
// native crowd run the same code, so what one counts the other counts too.
//
// Standard library only and never fmt: it is part of the WASM client.
package reader
