package script

// MaxFileBytes bounds a scenario file.
const MaxFileBytes = 256 << 10

// Scenario is one demonstration: what runs beside each other, under which load,
// read by whom, what happens when, and what must come true.
type Scenario struct {
	Name  string            `yaml:"-"` // of the file, without its ending
	Text  []byte            `yaml:"-"` // the file as it was read
	Files map[string][]byte `yaml:"-"` // what it names beside it, for example the measured series of ghosts

	Version    int        `yaml:"version"`    // of the language: 1
	Title      string     `yaml:"title"`      // a few words for the gallery
	About      string     `yaml:"about"`      // what it shows, a paragraph
	Statement  string     `yaml:"statement"`  // the one sentence above the question
	Question   string     `yaml:"question"`   // what the audience is asked before it begins
	Tags       []string   `yaml:"tags"`       // words to find it by
	Minutes    int        `yaml:"minutes"`    // how long it takes with a speaker; without steps a run ends after it
	Seed       uint64     `yaml:"seed"`       // the same seed makes the same messages
	Lanes      Lanes      `yaml:"lanes"`      // 1 to 4, by name, in the order of the page
	Workload   Workload   `yaml:"workload"`   // what the producer makes
	Readers    Readers    `yaml:"readers"`    // groups by name, the same in every lane
	Ghosts     Ghosts     `yaml:"ghost"`      // by lane: a measured series drawn faintly behind its curve
	Steps      []Step     `yaml:"steps"`      // what happens when
	Thresholds Thresholds `yaml:"thresholds"` // what must come true
}

// Lane is one source → strategy → transport in its own process.
type Lane struct {
	Name         string        `yaml:"-"`
	Source       string        `yaml:"source"`        // where its messages come from
	Strategy     string        `yaml:"strategy"`      // what it does with a slow reader
	Options      Options       `yaml:"options"`       // of the strategy
	Transport    string        `yaml:"transport"`     // how they reach the reader
	SendBuffer   Buffer        `yaml:"send_buffer"`   // of the kernel, for each connection; left out, 64KiB; "os", what the system gives
	Hop          Hop           `yaml:"hop"`           // a process between the lane and its readers: proxy or buffering-proxy; left out, none
	Limit        Size          `yaml:"limit"`         // RSS at which the lane is killed; left out, 256MiB
	Restart      RestartPolicy `yaml:"restart"`       // what happens after it ended: never (the default) or on-failure
	RestartDelay Duration      `yaml:"restart_delay"` // before a restart by policy; left out, 1s
	GOGC         GOGC          `yaml:"gogc"`          // percent, or off; left out, 100
	GOMemLimit   Size          `yaml:"gomemlimit"`    // the soft limit of the Go runtime; left out, none
	GiveBack     *bool         `yaml:"give_back"`     // return memory to the OS while a backlog shrinks; left out, true
}

// Options are the settings of a strategy, as they were written: numbers, sizes
// and durations with their unit.
type Options map[string]string

// Hop is what stands in front of a lane: a reverse proxy, in a process of its own.
type Hop string

// The hops. A lane without one is read as it is.
const (
	HopProxy     Hop = "proxy"           // hands on each piece at once, and takes no more than it can hand on
	HopBuffering Hop = "buffering-proxy" // takes all that the lane gives, and holds it without a bound
)

// RestartPolicy says what the supervisor does when a lane has ended.
type RestartPolicy string

// The policies.
const (
	RestartNever     RestartPolicy = "never"
	RestartOnFailure RestartPolicy = "on-failure"
)

// GOGC is the Go runtime's knob: how much the heap may grow over what lives,
// in percent, before it collects. 0 is not set; GOGCOff collects only at the
// memory limit.
type GOGC int

// GOGCOff switches the collector off, but for GOMEMLIMIT.
const GOGCOff GOGC = -1

// Workload is what the producer makes for every channel.
type Workload struct {
	Kind      string   `yaml:"kind"`      // fixed or llm
	Executor  Executor `yaml:"executor"`  // left out: constant-arrival-rate
	Rate      Rate     `yaml:"rate"`      // messages of one channel; of a ramp, where it begins
	Stages    []Stage  `yaml:"stages"`    // of a ramp
	Size      Size     `yaml:"size"`      // of one message; fixed only
	Channels  Channels `yaml:"channels"`  // left out: per-reader
	Retention int64    `yaml:"retention"` // entries a stream keeps, read or not (MAXLEN ~); 0 keeps what somebody has still to read
}

// Executor says how the rate runs over time. The words are those of k6.
type Executor string

// The executors.
const (
	ConstantArrivalRate Executor = "constant-arrival-rate"
	RampingArrivalRate  Executor = "ramping-arrival-rate"
)

// Stage is a part of a ramp: the rate goes in a straight line to Target.
type Stage struct {
	Duration Duration `yaml:"duration"` // of this part
	Target   Rate     `yaml:"target"`   // the rate at its end
}

// Channels says who reads what.
type Channels string

// The ways to share.
const (
	PerReader Channels = "per-reader" // every reader has a channel of its own
	Shared    Channels = "shared"     // all readers read the same channel
)

// Group is a number of readers that behave alike, in every lane. The group
// named You are the browser's tabs; headless, one native reader.
type Group struct {
	Name       string     `yaml:"-"`
	Count      int        `yaml:"count"`      // readers in each lane; not for you
	Throttle   Throttle   `yaml:"throttle"`   // what each reads at most; left out or "none", as fast as it can
	Pause      bool       `yaml:"pause"`      // reads nothing at all, and stays connected
	Away       bool       `yaml:"away"`       // hangs up, and comes back where it was with Last-Event-ID
	Steady     bool       `yaml:"steady"`     // the slider of the page leaves it alone
	Read       string     `yaml:"read"`       // how each reader reads; left out, as fits the lane's transport
	Connection Connection `yaml:"connection"` // whose it is where the lane speaks HTTP/2: own (the default) or shared; not for you
	Buffer     Buffer     `yaml:"buffer"`     // receive buffer of the kernel (SO_RCVBUF); left out, 4KiB; "os", what the system gives
	Rate       Rate       `yaml:"rate"`       // left out, the workload's
	Size       Size       `yaml:"size"`       // left out, the workload's
}

// Connection says which readers of a lane share one connection over HTTP/2, as
// the tabs of a browser do. Over HTTP/1.1 nobody can.
type Connection string

// The ways to connect.
const (
	OwnConnection    Connection = "own"    // each reader has its own
	SharedConnection Connection = "shared" // all readers of a lane whose group says so share one
)

// You is the name of the group of the browser's tabs.
const You = "you"

// Ghost is a measured series drawn faintly behind a lane's curve.
type Ghost struct {
	Lane    string `yaml:"-"`
	File    string `yaml:"file"`    // CSV beside the scenario; lines that begin with # are comments, the first other one names the columns
	Column  string `yaml:"column"`  // with the value; the column t_seconds has the time
	Unit    Size   `yaml:"unit"`    // what 1 in the column means, for example 1MiB
	Caption string `yaml:"caption"` // what it is and where it was measured

	Points []GhostPoint `yaml:"-"` // by rising time
}

// GhostPoint is one measurement of a Ghost.
type GhostPoint struct {
	Seconds float64
	Bytes   float64
}

// Step is one thing that happens. It has exactly one of At, After and WaitUntil.
// Times are of the script: they stand still while a step waits for the
// presenter.
type Step struct {
	At        *Duration  `yaml:"at"`         // since the steps began
	After     *Duration  `yaml:"after"`      // since the step before
	WaitUntil Conditions `yaml:"wait_until"` // as soon as this is true
	Timeout   Duration   `yaml:"timeout"`    // of wait_until: when it is not true by then, the run has failed

	Set     *Set     `yaml:"set"`     // live settings that change
	Restart string   `yaml:"restart"` // a lane that ended, to be started again
	Say     string   `yaml:"say"`     // to the audience
	Note    string   `yaml:"note"`    // to the speaker
	Predict *Predict `yaml:"predict"` // a question to the audience
	Reveal  bool     `yaml:"reveal"`  // shows the answer to the last prediction; else it is shown at the end
	Pause   string   `yaml:"pause"`   // "presenter": waits for somebody to go on; skipped headless

	Line int `yaml:"-"` // in the file
}

// PausePresenter is the one kind of pause.
const PausePresenter = "presenter"

// Predict asks before the reveal.
type Predict struct {
	Question string   `yaml:"question"` // one line
	Options  []string `yaml:"options"`  // 2 to 6
	Answer   string   `yaml:"answer"`   // one of them
	Because  string   `yaml:"because"`  // shown with the answer
}

// Set changes live settings. What is not there stays.
type Set struct {
	Throttle *Throttle           `yaml:"throttle"` // the page's slider: of every reader that is not steady, in every lane
	Pause    *bool               `yaml:"pause"`    // every reader that is not steady reads nothing, in every lane
	Workload *SetWorkload        `yaml:"workload"` // the load
	Readers  map[string]SetGroup `yaml:"readers"`  // by group
	Lanes    map[string]SetLane  `yaml:"lanes"`    // by lane
}

// SetWorkload changes the load.
type SetWorkload struct {
	Rate      *Rate  `yaml:"rate"` // ends a ramp
	Size      *Size  `yaml:"size"`
	Retention *int64 `yaml:"retention"`
}

// SetGroup changes one group of readers in every lane.
type SetGroup struct {
	Count    *int      `yaml:"count"`
	Throttle *Throttle `yaml:"throttle"`
	Pause    *bool     `yaml:"pause"`
	Away     *bool     `yaml:"away"`
}

// SetLane changes one lane.
type SetLane struct {
	Throttle *Throttle `yaml:"throttle"` // of its readers that are not steady
	Limit    *Size     `yaml:"limit"`
	GiveBack *bool     `yaml:"give_back"`

	SendBuffer *Buffer `yaml:"send_buffer"`
}

// Lanes, Readers, Ghosts and Thresholds keep the order of the file, where they
// are a mapping by name.
type (
	Lanes      []Lane
	Readers    []Group
	Ghosts     []Ghost
	Thresholds []Threshold
)

// Lane is the lane of that name, or false.
func (s Scenario) Lane(name string) (Lane, bool) {
	for _, l := range s.Lanes {
		if l.Name == name {
			return l, true
		}
	}
	return Lane{}, false
}

// Group is the group of that name, or false. You is always there, whether the
// file names it or not.
func (s Scenario) Group(name string) (Group, bool) {
	for _, g := range s.Readers {
		if g.Name == name {
			return g, true
		}
	}
	return Group{Name: You, Throttle: NoThrottle}, name == You
}

// Crowd are the groups without You.
func (s Scenario) Crowd() []Group {
	var out []Group
	for _, g := range s.Readers {
		if g.Name != You {
			out = append(out, g)
		}
	}
	return out
}
