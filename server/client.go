package main

import (
	"context"
	"fmt"
	"io"

	"spillway/server/internal/client"
)

// compileClient writes the browser client into a folder, from where a release
// embeds it. It is a step of `task build`.
func compileClient(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "spillway: usage: spillway client FOLDER")
		return exitUsage
	}
	if err := client.WriteTo(ctx, "", args[0]); err != nil {
		fmt.Fprintln(stderr, "spillway:", err)
		return exitFailure
	}
	fmt.Fprintf(stdout, "The browser client is in %s.\n", args[0])
	return exitOK
}
