package component

import (
	"strconv"

	"spillway/wasm/reader"
)

// ownWay is a way to read as a visitor chooses it.
type ownWay struct {
	Way     reader.Way
	Title   string
	Lacking string // why a browser does not have it; empty where every browser does
	Says    string // whether it pushes back, and how
}

// ownWays are in the order of reader.Ways.
var ownWays = []ownWay{
	{reader.Fetch, "fetch", "this browser cannot read it at its own pace",
		"Pushes back: what is not read fills the browser’s pipe, then the kernel’s buffers, and then the lane waits."},
	{reader.EventSource, "EventSource", "",
		"Does not push back: the browser reads on by itself, and what nobody reads piles up in this tab."},
	{reader.Socket, "WebSocket", "",
		"Does not push back: its handler is called for every message, and what nobody reads piles up in this tab."},
	{reader.BlockingSocket, "WebSocket, thread blocked", "needs a page from localhost or https",
		"Pushes back by force: while the worker’s thread stands still, the browser cannot hand over more."},
	{reader.SocketStream, "WebSocketStream", "this browser has none",
		"Pushes back: the browser takes from the network what the reader asks for, and little ahead."},
	{reader.DemandSocket, "WebSocket, on demand", "",
		"Pushes back: the lane sends what the reader has asked for, " + kibi(reader.WindowBytes) + " ahead, and nothing else."},
}

// pushes is what Says begins with, in a few words.
func (w ownWay) pushes() string {
	if w.Way.PushesBack() {
		return "pushes back"
	}
	return "does not push back"
}

// ownFigure is one number about this tab's reader. The client fills it in.
type ownFigure struct {
	Key, Label, Help string
	First            string // shown until the client knows better
}

// ownFigures lie beside the RSS of the lane: the other end of the connection.
var ownFigures = []ownFigure{
	{"between", "between", "What the lane has written to this tab and this tab has not read: in the kernel’s buffers, on the network, in the browser, and held in this tab. Counted at both ends, ten times a second: the lane what it has written, the tab what it has read.", "–"},
	{"held", "held in tab", "What has arrived in this tab and nobody has read. Counted by the tab, in bytes of events. What lies in a pipe of the browser no tab can see: it is in between, but not here.", "–"},
	{"wasm", "worker", "Memory of the WebAssembly of this reader’s worker. Read in the worker; it never shrinks.", "–"},
	{"messages", "messages", "What this tab has read from the lane, repeats included. Counted by the tab.", "0"},
	{"tab", "this tab", "What the browser counts for this page and its workers, so also what is held in this tab, but not WebAssembly. From performance.measureUserAgentSpecificMemory(), every ten seconds at most; a browser without it tells at best the JavaScript heap of the page, performance.memory. “Not told”: this browser counts neither. The RSS of its process no page can see.", "not told"},
}

// kibi is a round number of bytes in words.
func kibi(bytes int) string {
	if bytes%(1<<20) == 0 {
		return strconv.Itoa(bytes>>20) + " MiB"
	}
	return strconv.Itoa(bytes>>10) + " KiB"
}

// fullSays is said when a reader has hung up.
var fullSays = "Stopped: this tab held " + kibi(reader.MaxHeldBytes) + " that nobody had read."
