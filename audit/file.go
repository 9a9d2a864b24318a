package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/oserror"
)

// Open returns a log that appends lines in JSON to a file. A missing file is created,
// readable by its owner and group. The file is open only while lines are written: it may
// be moved away at any moment, and the next lines start a new file. The lines about items
// are written together with the line about their run, and within 100 ms at the latest. flush
// writes those that are left; call it at last. Lines that cannot be written go to log. The error says why
// the file cannot be written now.
func Open(path string, log *slog.Logger) (lines *slog.Logger, flush func(), err error) {
	f := &lineFile{path: path, log: log}
	if err := f.append(nil); err != nil {
		return nil, nil, fmt.Errorf("audit: %w", oserror.File(path, err))
	}
	return slog.New(grouping{NewLog(f).Handler(), f}), func() { _ = f.flush() }, nil
}

// NewLog returns a log that writes each line in JSON with one call of w.Write.
func NewLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: jidAsText}))
}

// jidAsText turns a JID into text. slog writes it as an empty JSON object otherwise.
func jidAsText(_ []string, a slog.Attr) slog.Attr {
	if j, ok := a.Value.Any().(jid.JID); ok {
		return slog.String(a.Key, j.String())
	}
	return a
}

const (
	// heldTime is how long lines about items may wait for the line about their run.
	heldTime = 100 * time.Millisecond
	// heldBytes is how many bytes may wait.
	heldBytes = 64 << 10
)

// grouping is a handler that has a file write the lines of one run at once.
type grouping struct {
	slog.Handler
	file *lineFile
}

// Handle implements slog.Handler.
func (g grouping) Handle(ctx context.Context, r slog.Record) error {
	if err := g.Handler.Handle(ctx, r); err != nil || r.Message == itemMessage {
		return err
	}
	return g.file.flush()
}

// WithAttrs implements slog.Handler.
func (g grouping) WithAttrs(attrs []slog.Attr) slog.Handler {
	return grouping{g.Handler.WithAttrs(attrs), g.file}
}

// WithGroup implements slog.Handler.
func (g grouping) WithGroup(name string) slog.Handler {
	return grouping{g.Handler.WithGroup(name), g.file}
}

// lineFile appends lines to a file, which it opens each time. Lines that cannot be written
// go to log.
type lineFile struct {
	path string
	log  *slog.Logger

	writing sync.Mutex // held while lines are written, so that they keep their order

	mu   sync.Mutex
	held []byte      // lines that are not yet written
	late *time.Timer // writes them after heldTime; nil if there are none
}

// Write implements io.Writer. A slog.Handler calls it once for each line.
func (f *lineFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	if f.late == nil {
		f.late = time.AfterFunc(heldTime, func() { _ = f.flush() }) // its error is logged
	}
	f.held = append(f.held, line...)
	due := len(f.held) >= heldBytes
	f.mu.Unlock()
	if due {
		return len(line), f.flush()
	}
	return len(line), nil
}

// flush writes the lines that are held. If another goroutine is writing, it waits until that
// has ended: the lines of both may be written at once then.
func (f *lineFile) flush() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	lines := f.held
	f.held = nil
	if f.late != nil {
		f.late.Stop()
		f.late = nil
	}
	f.mu.Unlock()
	if len(lines) == 0 {
		return nil // written by another goroutine
	}
	err := f.append(lines)
	if err != nil {
		err = oserror.File(f.path, err)
		f.log.Error("audit lines could not be written", "why", err, "lines", string(lines))
	}
	return err
}

// writeWhole writes lines. If only a part can be written, it removes that part: the next
// line would be joined to it.
func writeWhole(to *os.File, lines []byte) error {
	n, err := to.Write(lines)
	if err == nil || n == 0 {
		return err
	}
	end, serr := to.Seek(0, io.SeekCurrent)
	if serr != nil {
		return errors.Join(err, serr)
	}
	return errors.Join(err, to.Truncate(end-int64(n)))
}

// append opens the file and writes lines, or only creates the file if there are none.
func (f *lineFile) append(lines []byte) error {
	to, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err == nil {
		err = errors.Join(writeWhole(to, lines), to.Close())
	}
	return err
}
