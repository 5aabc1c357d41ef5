// Package e2e tests the program as its users have it: the real binary, real
// processes and sockets, a real browser. It has no code of its own.
//
//	go test ./server/internal/e2e                   processes, API, command line
//	go test -tags browser ./server/internal/e2e     the same and headless Chromium
package e2e
