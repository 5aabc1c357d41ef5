package library

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// burst is how long changes are gathered: an editor that saves renames,
	// creates and removes within a few milliseconds.
	burst = 200 * time.Millisecond
	// look is how often the folder is read without being told to. It finds a
	// folder that came back, and changes on file systems that tell nobody.
	look = 2 * time.Second
)

// watch waits for changes of a folder. It never fails: without notifications,
// where the system has no more of them, it looks from time to time.
type watch struct {
	dir     string
	log     *slog.Logger
	watcher *fsnotify.Watcher // nil without notifications
	watched os.FileInfo       // what the watcher was put on; nil: nothing
	ticker  *time.Ticker
}

func newWatch(dir string, log *slog.Logger) *watch {
	w := &watch{dir: dir, log: log, ticker: time.NewTicker(look)}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("watch the folder of scenarios by looking at it", "folder", dir, "err", err)
		return w
	}
	w.watcher = watcher
	return w
}

func (w *watch) close() {
	w.ticker.Stop()
	if w.watcher != nil {
		_ = w.watcher.Close() // only says that it was closed before
	}
}

// wait returns when the folder may have changed, false when ctx is done.
func (w *watch) wait(ctx context.Context) bool {
	if w.attach() {
		return ctx.Err() == nil // it may have changed before it was watched
	}
	var events <-chan fsnotify.Event
	var errs <-chan error
	if w.watcher != nil {
		events, errs = w.watcher.Events, w.watcher.Errors
	}
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-w.ticker.C:
			return true
		case <-quiet:
			return true
		case <-events:
			// Later events do not put the end off: a file that is written all the
			// time must not keep the others from being read.
			if quiet == nil {
				quiet = time.After(burst)
			}
		case err := <-errs: // an overflow: something was missed
			w.log.Debug("watch the folder of scenarios", "folder", w.dir, "err", err)
			return true
		}
	}
}

// attach puts the watcher on the folder that has the name now, and tells whether
// it was not on it before.
func (w *watch) attach() bool {
	if w.watcher == nil {
		return false
	}
	info, err := os.Stat(w.dir)
	if err != nil {
		w.watched = nil
		return false
	}
	if w.watched != nil && os.SameFile(info, w.watched) && len(w.watcher.WatchList()) > 0 {
		return false
	}
	for _, old := range w.watcher.WatchList() {
		_ = w.watcher.Remove(old) // it may have gone by itself
	}
	if err := w.watcher.Add(w.dir); err != nil {
		w.log.Debug("watch the folder of scenarios", "folder", w.dir, "err", err)
		w.watched = nil
		return false
	}
	w.watched = info
	return true
}
