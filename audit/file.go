package audit

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"mellium.im/xmpp/jid"

	"emanagement/oserror"
)

// Open returns a log that appends its lines, in JSON, to a file, which is
// created for its owner and group where it is missing. Nothing is held open
// between two lines: the file may be moved away at any moment, and the next
// line begins a new one. A line that cannot be written goes to log. The error
// says why the file cannot be written now.
func Open(path string, log *slog.Logger) (*slog.Logger, error) {
	f := file{path, log}
	if err := f.append(nil); err != nil {
		return nil, fmt.Errorf("audit: %w", oserror.File(path, err))
	}
	return To(f), nil
}

// To returns a log that writes its lines, in JSON, each at once.
func To(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: legible}))
}

// legible writes a JID as text, of which nothing would be seen in JSON.
func legible(_ []string, a slog.Attr) slog.Attr {
	if j, ok := a.Value.Any().(jid.JID); ok {
		return slog.String(a.Key, j.String())
	}
	return a
}

type file struct {
	path string
	log  *slog.Logger
}

// Write implements io.Writer. It takes one line, as a slog.Handler writes
// them.
func (f file) Write(line []byte) (int, error) {
	if err := f.append(line); err != nil {
		err = oserror.File(f.path, err)
		f.log.Error("an audit line could not be written", "why", err, "line", string(line))
		return 0, err
	}
	return len(line), nil
}

// whole writes a line, or nothing of it: half a line would spoil the next.
func whole(to *os.File, line []byte) error {
	n, err := to.Write(line)
	if err == nil || n == 0 {
		return err
	}
	end, serr := to.Seek(0, io.SeekCurrent)
	if serr != nil {
		return errors.Join(err, serr)
	}
	return errors.Join(err, to.Truncate(end-int64(n)))
}

func (f file) append(line []byte) error {
	to, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err == nil {
		err = errors.Join(whole(to, line), to.Close())
	}
	return err
}
