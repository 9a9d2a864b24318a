package store

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// syncInterval is how long a commit may wait for the disk. If the power fails, what was
// committed in that time is lost.
const syncInterval = 200 * time.Millisecond

// walSync writes SQLite's write-ahead log to the disk soon after each commit. With
// synchronous=NORMAL, SQLite does so only when the log has grown. With FULL it would do so
// at each commit, and every request would wait for the disk.
type walSync struct {
	path    string // of the log, on which SQLite holds no locks that closing a file could end
	log     *slog.Logger
	dirty   chan struct{} // contains one token after a commit
	quit    chan struct{}
	running sync.WaitGroup
}

// newWALSync starts the goroutine that syncs, which stop ends. The store is in the file name.
func newWALSync(name string, log *slog.Logger) *walSync {
	w := &walSync{path: name + "-wal", log: log, dirty: make(chan struct{}, 1), quit: make(chan struct{})}
	w.running.Go(w.run)
	return w
}

// stop ends the goroutine and syncs what was committed. SQLite does that only if no other
// process uses the file.
func (w *walSync) stop() {
	close(w.quit)
	w.running.Wait()
	w.sync()
}

// note notes a commit. It does not block.
func (w *walSync) note() {
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

func (w *walSync) run() {
	for {
		select {
		case <-w.dirty:
		case <-w.quit:
			return
		}
		select {
		case <-time.After(syncInterval):
		case <-w.quit:
			return
		}
		w.sync()
	}
}

// sync writes the log to the disk.
func (w *walSync) sync() {
	if err := w.trySync(); err != nil {
		w.log.Error("the journal may not be on the disk", "why", err)
	}
}

func (w *walSync) trySync() error {
	f, err := os.Open(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was the last to close the file, and took the log with it
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
