// Package model is what the client knows apart from the browser: curves, changes
// that are not sent yet, speeds, waiting times. It is pure, so that it is tested
// where tests are fast.
//
//	lane, broker, readers → samples → hub → page: charts, controls
//
// Standard library and the small shared packages only; it is part of the WASM
// client, so never fmt.
package model
