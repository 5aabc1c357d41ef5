// Package wire holds every byte layout that both ends of a connection must
// agree on, and nothing else.
//
//	producer → broker → source → strategy → transport → kernel → browser → reader
//	└─ header.go: the head of a message, written once by the producer,
//	   scanned by the source and by the reader
//	server → hub → page, page → hub → server
//	└─ frame.go: the binary frames of the hub
//
// It is compiled into the server and into the WASM client, so it imports the
// standard library only, and of that nothing that pulls in fmt or reflection.
// Decoders treat their input as hostile: they bound every length before they
// allocate and never panic.
package wire
