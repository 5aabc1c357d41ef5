package lanehost

import (
	"cmp"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// maxLooked is the most goroutines that are looked at once a second without
// being asked to. Looking costs 1.2 to 1.6 µs for each (BenchmarkLook), so that
// this many take less than 1 % of a core.
const maxLooked = 5000

// lookout finds out where the goroutines of this process wait. The runtime stops
// the world for it to begin and to end, usually for 1 to 10 µs; where the
// processors are busy one time in a hundred takes 0.4 ms with 1,000 goroutines and
// 3.7 ms with 5,000 (BenchmarkLook). In between each goroutine is held up for as
// long as its own stack is read. Talk alone uses it.
//
// The records are used and not runtime/pprof: its text costs four times as much,
// its compressed form 10 ms. What they lack are stacks of more than 32 calls,
// of which they keep the innermost; a strategy that has called deeper than that
// is not seen (see [lane.Code]).
type lookout struct {
	on      bool
	anyway  bool // however many there are
	records []runtime.StackRecord
	known   map[stack]spot
}

// stack is what the runtime says of a goroutine: program counters, the innermost
// first, and zeros.
type stack [32]uintptr

// spot is what a stack means. Only one with a file is in the strategy.
type spot struct {
	place  lane.Place
	reason string
	via    []lane.Place
	deep   bool // the stack is cut off before it comes to the strategy
}

// take does what a command says of it. What is not used is given back.
func (l *lookout) take(c lane.Command) {
	if c.Code != nil {
		l.on = *c.Code
	}
	if c.CodeAnyway != nil {
		l.anyway = *c.CodeAnyway
	}
	if !l.on {
		l.records, l.known = nil, nil
	}
}

// look is nil unless it is on.
func (l *lookout) look() *lane.Code {
	if !l.on {
		return nil
	}
	runtime.LockOSThread() // its time is the cost
	defer runtime.UnlockOSThread()
	began := threadTime()
	out := &lane.Code{Goroutines: uint64(runtime.NumGoroutine())}
	if out.Goroutines > maxLooked && !l.anyway {
		out.TooMany = true
		return out
	}
	records := l.profile()
	out.Goroutines = uint64(len(records))
	if l.known == nil {
		l.known = make(map[stack]spot)
	}
	parked := make(map[lane.Place][]lane.Parked)
	for _, r := range records {
		s, ok := l.known[r.Stack0]
		if !ok {
			s = find(r.Stack0)
			l.known[r.Stack0] = s
		}
		switch {
		case s.place.File != "":
			parked[s.place] = count(parked[s.place], s)
		case s.deep:
			out.Deep++
		}
	}
	for _, at := range parked {
		out.Parked = append(out.Parked, at...)
	}
	slices.SortFunc(out.Parked, func(a, b lane.Parked) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason), comparePlaces(a.Via, b.Via))
	})
	if len(l.known) > 2*len(records)+maxLooked {
		l.known = nil // what has run at many places is not kept for ever
	}
	out.CostMicros = uint64(max(1, (threadTime() - began).Microseconds()))
	return out
}

func count(at []lane.Parked, s spot) []lane.Parked {
	for i := range at {
		if at[i].Reason == s.reason && slices.Equal(at[i].Via, s.via) {
			at[i].Count++
			return at
		}
	}
	return append(at, lane.Parked{Place: s.place, Reason: s.reason, Via: s.via, Count: 1})
}

func comparePlaces(a, b []lane.Place) int {
	return slices.CompareFunc(a, b, func(a, b lane.Place) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// profile takes the stacks of all goroutines. More may come while it begins.
func (l *lookout) profile() []runtime.StackRecord {
	const arriving = 64 // between counting and taking, usually fewer
	for {
		if want := runtime.NumGoroutine() + arriving; want > len(l.records) {
			l.records = make([]runtime.StackRecord, want)
		}
		if n, ok := runtime.GoroutineProfile(l.records); ok {
			return l.records[:n]
		}
		l.records = nil
	}
}

// within is how functions of the strategies are called.
var within = reflect.TypeFor[strategy.Definition]().PkgPath() + "."

// find reads a stack.
func find(s stack) spot {
	n := slices.Index(s[:], 0)
	cut := n < 0
	if cut {
		n = len(s)
	}
	out := spot{reason: "running"}
	frames := runtime.CallersFrames(s[:n])
	waiting := true // in the calls of the runtime and of what stands for it
	for more := n > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if waiting = waiting && waits(f.Function); waiting {
			if r, ok := reasons[f.Function]; ok {
				out.reason = r
			}
		}
		name, ours := strings.CutPrefix(f.Function, within)
		if !ours {
			continue
		}
		place := lane.Place{File: path.Base(f.File), Line: uint64(f.Line), Func: strings.NewReplacer("(*", "", ")", "").Replace(name)}
		if out.place.File == "" {
			out.place = place
		} else {
			out.via = append(out.via, place)
		}
	}
	out.deep = cut && out.place.File == ""
	return out
}

// waits tells whether a function is one through which goroutines are parked.
func waits(function string) bool {
	for _, of := range []string{"runtime.", "internal/runtime/", "internal/poll.", "internal/sync.", "sync.", "syscall.", "time.Sleep"} {
		if strings.HasPrefix(function, of) {
			return true
		}
	}
	return false
}

// reasons are the runtime's words for why a goroutine waits (waitReason in
// runtime2.go), by the function that parks it. Where one calls another the outer
// one says more.
var reasons = map[string]string{
	"runtime.selectgo":                        "select",
	"runtime.block":                           "select (no cases)",
	"runtime.chanrecv":                        "chan receive",
	"runtime.chansend":                        "chan send",
	"runtime.semacquire1":                     "semacquire",
	"time.Sleep":                              "sleep",
	"internal/poll.runtime_pollWait":          "IO wait",
	"sync.runtime_notifyListWait":             "sync.Cond.Wait",
	"sync.runtime_SemacquireWaitGroup":        "sync.WaitGroup.Wait",
	"sync.runtime_SemacquireRWMutex":          "sync.RWMutex.Lock",
	"sync.runtime_SemacquireRWMutexR":         "sync.RWMutex.RLock",
	"internal/sync.runtime_SemacquireMutex":   "sync.Mutex.Lock",
	"sync.runtime_SemacquireMutex":            "sync.Mutex.Lock",
	"syscall.Syscall":                         "syscall",
	"syscall.Syscall6":                        "syscall",
	"syscall.RawSyscall6":                     "syscall",
	"internal/runtime/syscall.Syscall6":       "syscall",
	"internal/runtime/syscall/linux.Syscall6": "syscall",
}
