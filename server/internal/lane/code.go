package lane

// Code is where the goroutines of a lane wait, in the lane's own source. It is
// taken from the goroutine profile, once a second while somebody looks (see
// Command).
type Code struct {
	Goroutines uint64   // in the profile
	CostMicros uint64   // what taking it cost, on the lane's own clock
	TooMany    bool     // more goroutines than are looked at once a second; Parked is empty
	Parked     []Parked // by file and line
}

// Parked is how many goroutines wait at one line.
type Parked struct {
	File   string // in the package of the strategies, without its folder: "pull_drain.go"
	Line   uint64 // from 1
	Func   string // without its package: "pullDrainStrategy.Run"
	Reason string // what they wait for, in the words of the runtime: "IO wait", "select", "chan receive"
	Count  uint64
}
