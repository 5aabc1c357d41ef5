package record

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Defaults of StoreOptions.
const (
	defaultMaxRuns     = 8
	defaultMaxRunBytes = 32 << 20 // half an hour of four busy lanes
)

const (
	// segments are how many pieces a full run has: with the oldest, so much of it
	// goes at once.
	segments = 8
	// quietAfter is when a run that was not ended counts as given up: until then
	// another process may be at it.
	quietAfter = time.Minute
)

// StoreOptions bound a Store. Zero values are the defaults.
type StoreOptions struct {
	MaxRuns     int   // kept; left out, 8
	MaxRunBytes int64 // of one run, of which the newest part is kept; left out, 32 MiB. The header of each of its pieces comes on top
	Log         *slog.Logger
}

// Store is a folder of recordings, one of each run. Several processes may use
// the same folder: runs have names of their own, and what another process has
// written to within a minute is left alone. Safe for concurrent use.
type Store struct {
	root *os.Root
	o    StoreOptions

	mu   sync.Mutex
	live map[string]*RunWriter // by id; those that are being written here
}

// OpenStore opens a folder and makes it if it is not there.
func OpenStore(dir string, o StoreOptions) (*Store, error) {
	if o.MaxRuns == 0 {
		o.MaxRuns = defaultMaxRuns
	}
	if o.MaxRunBytes == 0 {
		o.MaxRunBytes = defaultMaxRunBytes
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("make the folder of recordings: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of recordings: %w", err)
	}
	return &Store{root: root, o: o, live: make(map[string]*RunWriter)}, nil
}

// What is recorded is for nobody else on the machine.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Close lets the folder go. Runs that are being written are ended before.
func (s *Store) Close() error { return s.root.Close() }

// ErrNoRun says that there is no recording of that name. It is also
// [fs.ErrNotExist].
var ErrNoRun error = noRun{}

type noRun struct{}

func (noRun) Error() string        { return "there is no recording of that run" }
func (noRun) Is(target error) bool { return target == fs.ErrNotExist }

var (
	isID      = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`).MatchString
	isSegment = regexp.MustCompile(`^[0-9]{6}\.ndjson$`).MatchString
)

// Begin begins the recording of a run and lets the oldest go where there are too
// many.
func (s *Store) Begin(h Header) (*RunWriter, error) {
	if !isID(h.RunID) {
		return nil, fmt.Errorf("%q is no name for a recording", h.RunID)
	}
	s.prune()
	if err := s.root.Mkdir(h.RunID, folderMode); err != nil {
		return nil, fmt.Errorf("begin the recording: %w", err)
	}
	r := &RunWriter{store: s, id: h.RunID}
	if err := r.begin(h); err != nil {
		_ = s.root.RemoveAll(h.RunID) // made a moment ago
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[h.RunID] = r
	return r, nil
}

// prune makes room for one more run.
func (s *Store) prune() {
	runs := s.runs()
	left := len(runs)
	for _, r := range runs {
		if left < s.o.MaxRuns {
			return
		}
		if s.writing(r.id) != nil || !r.over && time.Since(r.touched) < quietAfter {
			continue
		}
		if err := s.remove(r); err != nil {
			s.o.Log.Warn("an old recording was not removed", "run", r.id, "err", err)
			continue
		}
		left--
	}
}

func (s *Store) writing(id string) *RunWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id]
}

// stored is a run as it lies in the folder.
type stored struct {
	id       string
	segments []segment // oldest first
	touched  time.Time
	over     bool
}

type segment struct {
	name  string
	bytes int64
}

func (s stored) bytes() (sum int64) {
	for _, one := range s.segments {
		sum += one.bytes
	}
	return sum
}

// runs are those in the folder, the one that was written to the longest ago
// first. Anything else there is passed over.
func (s *Store) runs() []stored {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		s.o.Log.Warn("the folder of recordings cannot be read", "err", err)
		return nil
	}
	var out []stored
	for _, e := range entries {
		if !e.IsDir() || !isID(e.Name()) {
			continue
		}
		if r, err := s.find(e.Name()); err == nil {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b stored) int { return a.touched.Compare(b.touched) })
	return out
}

// find looks at one run.
func (s *Store) find(id string) (stored, error) {
	if !isID(id) {
		return stored{}, ErrNoRun
	}
	entries, err := fs.ReadDir(s.root.FS(), id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return stored{}, ErrNoRun
	case err != nil:
		return stored{}, fmt.Errorf("look for the recording of run %s: %w", id, err)
	}
	r := stored{id: id}
	for _, e := range entries { // by rising name
		info, err := e.Info()
		if err != nil || !isSegment(e.Name()) || !info.Mode().IsRegular() {
			continue // it has gone in between, or is not ours
		}
		r.segments = append(r.segments, segment{e.Name(), info.Size()})
		r.touched = info.ModTime()
	}
	if len(r.segments) == 0 {
		return stored{}, ErrNoRun
	}
	tail, err := s.tail(r)
	if err != nil {
		return stored{}, err
	}
	r.over = tail.End != nil
	return r, nil
}

// remove takes only what a recording is made of, and the folder if nothing else
// is in it.
func (s *Store) remove(r stored) error {
	for _, one := range r.segments {
		if err := s.root.Remove(r.id + "/" + one.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the recording of run %s: %w", r.id, err)
		}
	}
	if err := s.root.Remove(r.id); err != nil {
		return fmt.Errorf("remove the recording of run %s: %w", r.id, err)
	}
	return nil
}

// openSegment opens one piece for reading.
func (s *Store) openSegment(id, name string) (*os.File, error) {
	f, err := s.root.Open(id + "/" + name)
	if err != nil {
		return nil, fmt.Errorf("open the recording of run %s: %w", id, err)
	}
	return f, nil
}
