package wire

// Version is the first byte of every frame. A page whose client is older than
// the server is told to reload instead of drawing nonsense.
const Version = 4

// Kind is the second byte of every frame.
type Kind uint8

// The frames of the hub. Those below 16 go from the server to the page, the
// others from the page to the server.
const (
	KindHello    Kind = 1  // the run, its lanes, its settings; again whenever one of them changes
	KindSample   Kind = 2  // one measurement of everything, 10 times a second
	KindHistory  Kind = 3  // the curves so far, once after each hello of a new run
	KindFragment Kind = 4  // a piece of the page, rendered by the server
	KindReader   Kind = 16 // what this tab's reader of one lane has received
)

// Bounds that a decoder enforces before it allocates.
const (
	maxLanes         = 16
	maxHistoryPoints = 8192
	// MaxGhostPoints bounds a ghost: more than a chart has pixels for.
	MaxGhostPoints = 2048
	maxNameBytes   = 256
	// MaxTabs bounds the tabs whose connections a sample knows.
	MaxTabs          = 64
	maxFragmentBytes = 256 << 10
	// MaxPageFrameBytes bounds what a page may send to the hub in one frame.
	MaxPageFrameBytes = 1 << 10
)

// State says where a run or a lane is in its life.
type State uint8

// A run is at rest until somebody watches. A lane that ended stays in the
// state that says why.
const (
	StateRest     State = iota // nothing runs and nothing costs
	StateStarting              // processes are being spawned
	StateRunning
	StateStopped // by a person
	StateKilled  // RSS passed the limit; SIGKILL, exit code 137
	StateCrashed // ended by itself
	StateWaiting // the broker is away; goes on when it is back
)

// String is the state as the page, the API and metrics spell it.
func (s State) String() string {
	switch s {
	case StateStarting:
		return "starting"
	case StateRunning:
		return "running"
	case StateStopped:
		return "stopped"
	case StateKilled:
		return "killed"
	case StateCrashed:
		return "crashed"
	case StateWaiting:
		return "waiting"
	}
	return "rest"
}

// Hello describes the run to a page.
type Hello struct {
	RunID    string
	Lesson   string // name of the scenario; a page of another one loads anew
	State    State
	Steer    bool // this page may change the run
	Settings Settings
	Lanes    []LaneInfo
}

// Settings are the live settings a page shows in its controls.
type Settings struct {
	SlowGroup   string // first group of the crowd that the throttle acts on; empty: there is none
	SlowReaders uint64 // readers of it in each lane
	MilliRate   uint64 // messages per 1,000 s on each channel
	SizeBytes   uint64 // of a message; 0 where the workload has sizes of its own
	Paused      bool   // the throttled readers do not read at all
}

// LaneInfo is what a page needs to read from a lane.
type LaneInfo struct {
	Name           string
	Port           uint64 // of the lane's own listener; 0 while it has none
	Path           string // of the stream, with its query
	Secure         bool   // TLS, with a certificate that the server made itself
	Read           string // way of reading that the scenario gives the tabs; empty: the reader's default
	State          State
	BytesPerSecond int64 // throttle of the slow readers of this lane; -1 without limit
	LimitBytes     uint64
}

// Sample is one measurement of the whole run.
type Sample struct {
	TakenAtMicros int64  // wall clock of the server, for the delay to the chart
	ElapsedMicros uint64 // since the run's start
	State         State
	Produced      uint64 // messages of the producer, all channels
	ProducerStall uint64 // microseconds the producer has waited for the broker in its current wait
	BrokerRSS     uint64 // bytes; 0 where it is not our process
	BrokerUsed    uint64 // bytes, used_memory of INFO
	BrokerLimit   uint64 // bytes, maxmemory
	Lanes         []LaneSample
}

// LaneSample is one measurement of one lane. Adding a metric: a field here, a
// line in fields, a row in web/figure.
type LaneSample struct {
	State        State
	ExitCode     uint64 // once ended
	RSS          uint64 // bytes, read from outside by the supervisor
	Limit        uint64 // bytes; 0 without a limit
	HeapInUse    uint64 // bytes, live and not yet swept objects
	HeapTotal    uint64 // bytes, heap reserved and not returned
	Live         uint64 // bytes marked by the last collection
	OutsideHeap  uint64 // bytes, stacks and runtime
	Readers      uint64 // connected to the lane
	Goroutines   uint64
	BacklogCount uint64 // messages accepted, not yet written
	BacklogBytes uint64
	OldestMicros uint64 // since the oldest backlog message was produced
	Stalled      uint64 // readers whose current write waits for room
	StallMicros  uint64 // the longest of these waits
	Delivered    uint64 // messages written since the lane started
	PerSecond    uint64 // messages written in the last second
	BytesPerSec  uint64 // bytes written in the last second
	Dropped      uint64 // messages the lane gave up, by any rule
	HealthyP50   uint64 // microseconds from produced to read, healthy crowd readers, last second
	HealthyP99   uint64
	SlowP50      uint64 // the same for the slow ones
	Gaps         uint64 // messages that readers saw missing
	Repeats      uint64 // messages that readers saw twice
	Restarts     uint64
	SendQueue    uint64    // bytes in the lane's send queues in the kernel, looked at once a second
	Shut         uint64    // readers whose window has no room for what waits there
	ShutMicros   uint64    // the longest of these waits
	Unseen       uint64    // readers of whose connection the kernel does not tell
	Tabs         []TabSent // connections of tabs, at most MaxTabs
	Account      Account
}

// Account says where the bytes are that were produced for the readers of a lane,
// in event text, at one instant about once a second:
//
//	Produced = Broker + Backlog + SendQueue + InFlight + Held + Lost… + Consumed + Gap
//
// A message that many readers get counts once for each of them. It counts from
// where a reader has begun; what a reader had that was taken away stays.
type Account struct {
	Produced  uint64
	Broker    uint64 // not yet read by the lane: in a stream, or in Redis' output buffers and behind them
	Backlog   uint64 // accepted by the lane, not yet written; an event is written when all of it is
	SendQueue uint64 // written, and not acknowledged by the reader's system
	InFlight  uint64 // acknowledged, and not reported by the reader: its system's receive queue and its browser
	Held      uint64 // arrived at the reader, and not read by it
	Consumed  uint64

	LostStrategy uint64 // given up by the lane's strategy
	LostTrimmed  uint64 // trimmed from the stream before the lane has read it
	LostBroker   uint64 // not kept by Redis' Pub/Sub: cut off, or nobody subscribed
	LostLeft     uint64 // in a lane or a connection when it ended, and nowhere else

	Gap    int64  // what nobody can say; two clocks, or a mistake
	Unseen uint64 // connections of which the kernel does not tell: their send queue is part of InFlight
	Silent uint64 // readers that report nothing: what their system has acknowledged counts as consumed
}

// TabSent is what a lane has written to one connection of a tab.
type TabSent struct {
	ID    uint64 // as the tab gave it
	Bytes uint64 // of event text, what the tab counts as received
}

// History is the curves so far, for a page that arrives late.
type History struct {
	Lanes []LaneHistory
}

// LaneHistory is the curve of one lane, oldest point first, and its marks.
type LaneHistory struct {
	Points []HistoryPoint
	Marks  []HistoryMark
	Ghost  []GhostPoint // a measured series behind the curve, at most MaxGhostPoints
}

// HistoryPoint is one point of a lane's curves.
type HistoryPoint struct {
	ElapsedMicros             uint64
	RSS, HeapInUse, HeapTotal uint64
}

// GhostPoint is one point of a series that was measured elsewhere.
type GhostPoint struct {
	ElapsedMicros, Bytes uint64
}

// HistoryMark is something that happened, drawn on the curve.
type HistoryMark struct {
	ElapsedMicros uint64
	Kind          uint8 // chart.MarkKind
	Label         string
}

// Fragment replaces the content of the element with this id. The server
// rendered and escaped it; the page only puts it in place.
type Fragment struct {
	ID   string
	HTML string
}

// Reader reports what this tab has received from one lane since it connected.
type Reader struct {
	Lane     string
	Bytes    uint64
	Messages uint64
	Gaps     uint64
	Repeats  uint64
	LastSeq  uint64
	P50, P99 uint64 // age on arrival, microseconds, last second
	Way      string // of reading
	Held     uint64 // bytes that have arrived in the tab and not been read

	ID     uint64 // of the connection, as the lane knows it; 0 without one
	From   uint64 // as in reader.Account
	To     uint64
	Text   uint64
	Before uint64 // of Text, on earlier connections
}

func (f *Hello) fields(c *codec) {
	c.string(&f.RunID, maxNameBytes)
	c.string(&f.Lesson, maxNameBytes)
	c.byte((*uint8)(&f.State))
	c.bool(&f.Steer)
	s := &f.Settings
	c.string(&s.SlowGroup, maxNameBytes)
	for _, v := range []*uint64{&s.SlowReaders, &s.MilliRate, &s.SizeBytes} {
		c.uint(v)
	}
	c.bool(&s.Paused)
	list(c, &f.Lanes, maxLanes, (*LaneInfo).fields)
}

func (f *LaneInfo) fields(c *codec) {
	c.string(&f.Name, maxNameBytes)
	c.uint(&f.Port)
	c.string(&f.Path, maxNameBytes)
	c.bool(&f.Secure)
	c.string(&f.Read, maxNameBytes)
	c.byte((*uint8)(&f.State))
	c.int(&f.BytesPerSecond)
	c.uint(&f.LimitBytes)
}

func (f *Sample) fields(c *codec) {
	c.int(&f.TakenAtMicros)
	c.uint(&f.ElapsedMicros)
	c.byte((*uint8)(&f.State))
	for _, v := range []*uint64{&f.Produced, &f.ProducerStall, &f.BrokerRSS, &f.BrokerUsed, &f.BrokerLimit} {
		c.uint(v)
	}
	list(c, &f.Lanes, maxLanes, (*LaneSample).fields)
}

func (f *LaneSample) fields(c *codec) {
	c.byte((*uint8)(&f.State))
	for _, v := range []*uint64{
		&f.ExitCode, &f.RSS, &f.Limit, &f.HeapInUse, &f.HeapTotal, &f.Live, &f.OutsideHeap,
		&f.Readers, &f.Goroutines, &f.BacklogCount, &f.BacklogBytes, &f.OldestMicros,
		&f.Stalled, &f.StallMicros, &f.Delivered, &f.PerSecond, &f.BytesPerSec, &f.Dropped,
		&f.HealthyP50, &f.HealthyP99, &f.SlowP50, &f.Gaps, &f.Repeats, &f.Restarts,
		&f.SendQueue, &f.Shut, &f.ShutMicros, &f.Unseen,
	} {
		c.uint(v)
	}
	list(c, &f.Tabs, MaxTabs, (*TabSent).fields)
	f.Account.fields(c)
}

func (f *Account) fields(c *codec) {
	for _, v := range []*uint64{
		&f.Produced, &f.Broker, &f.Backlog, &f.SendQueue, &f.InFlight, &f.Held, &f.Consumed,
		&f.LostStrategy, &f.LostTrimmed, &f.LostBroker, &f.LostLeft, &f.Unseen, &f.Silent,
	} {
		c.uint(v)
	}
	c.int(&f.Gap)
}

func (f *TabSent) fields(c *codec) {
	c.uint(&f.ID)
	c.uint(&f.Bytes)
}

func (f *History) fields(c *codec) { list(c, &f.Lanes, maxLanes, (*LaneHistory).fields) }

func (f *LaneHistory) fields(c *codec) {
	list(c, &f.Points, maxHistoryPoints, (*HistoryPoint).fields)
	list(c, &f.Marks, maxHistoryPoints, (*HistoryMark).fields)
	list(c, &f.Ghost, MaxGhostPoints, (*GhostPoint).fields)
}

func (f *HistoryPoint) fields(c *codec) {
	c.uint(&f.ElapsedMicros)
	c.uint(&f.RSS)
	c.uint(&f.HeapInUse)
	c.uint(&f.HeapTotal)
}

func (f *GhostPoint) fields(c *codec) {
	c.uint(&f.ElapsedMicros)
	c.uint(&f.Bytes)
}

func (f *HistoryMark) fields(c *codec) {
	c.uint(&f.ElapsedMicros)
	c.byte(&f.Kind)
	c.string(&f.Label, maxNameBytes)
}

func (f *Fragment) fields(c *codec) {
	c.string(&f.ID, maxNameBytes)
	c.string(&f.HTML, maxFragmentBytes)
}

func (f *Reader) fields(c *codec) {
	c.string(&f.Lane, maxNameBytes)
	for _, v := range []*uint64{&f.Bytes, &f.Messages, &f.Gaps, &f.Repeats, &f.LastSeq, &f.P50, &f.P99} {
		c.uint(v)
	}
	c.string(&f.Way, maxNameBytes)
	for _, v := range []*uint64{&f.Held, &f.ID, &f.From, &f.To, &f.Text, &f.Before} {
		c.uint(v)
	}
}

// Frame is anything the hub carries.
type Frame interface {
	Kind() Kind
	fields(*codec)
}

// Kind tells the frame on the wire.
func (*Hello) Kind() Kind    { return KindHello }
func (*Sample) Kind() Kind   { return KindSample }
func (*History) Kind() Kind  { return KindHistory }
func (*Fragment) Kind() Kind { return KindFragment }
func (*Reader) Kind() Kind   { return KindReader }

// Append appends the encoded frame to dst.
func Append(dst []byte, f Frame) []byte {
	c := codec{buf: append(dst, Version, byte(f.Kind()))}
	f.fields(&c)
	return c.buf
}

// KindOf tells what data holds without decoding it. It reports false for a
// frame of another version or cut short.
func KindOf(data []byte) (Kind, bool) {
	if len(data) < 2 || data[0] != Version {
		return 0, false
	}
	return Kind(data[1]), true
}

// Decode fills f from data, or returns [ErrMalformed]. Strings are copied;
// f does not keep data.
func Decode(data []byte, f Frame) error {
	kind, ok := KindOf(data)
	if !ok || kind != f.Kind() {
		return ErrMalformed
	}
	c := codec{buf: data[2:], reading: true}
	f.fields(&c)
	if c.bad || len(c.buf) != 0 {
		return ErrMalformed
	}
	return nil
}
