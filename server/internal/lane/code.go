package lane

// Code is where the goroutines of a lane wait, in the lane's own source. It is
// taken from the goroutine profile, once a second while somebody looks (see
// Command).
type Code struct {
	Goroutines uint64   // in the profile
	CostMicros uint64   // processor time of the lane that taking it cost; where the OS does not tell, the time it took
	TooMany    bool     // more goroutines than are looked at once a second; Parked is empty
	Deep       uint64   // of them so deep in calls that the profile does not reach the strategy
	Parked     []Parked // the most first
}

// Parked is how many goroutines wait at one line for one reason.
type Parked struct {
	Place         // the innermost line of the strategy in their stacks
	Reason string // what they wait for, in the words of the runtime: "IO wait", "select", "chan receive"; "running" if they do not
	Count  uint64
	Via    []Place `json:",omitempty"` // lines of the strategy that have called it, the innermost first
}

// Place is a line of the package of the strategies.
type Place struct {
	File string // without its folder: "pull_drain.go"
	Line uint64 // from 1
	Func string // without its package: "pullDrainStrategy.Run"
}
