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

// Open returns a log that appends lines in JSON to a file. A missing file is created,
// readable by its owner and group. The file is open only while a line is written: it may
// be moved away at any moment, and the next line starts a new file. A line that cannot be
// written goes to log. The error says why the file cannot be written now.
func Open(path string, log *slog.Logger) (*slog.Logger, error) {
	f := lineFile{path, log}
	if err := f.append(nil); err != nil {
		return nil, fmt.Errorf("audit: %w", oserror.File(path, err))
	}
	return NewLog(f), nil
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

// lineFile appends lines to a file, which it opens for each of them. Lines that cannot be
// written go to log.
type lineFile struct {
	path string
	log  *slog.Logger
}

// Write implements io.Writer. A slog.Handler calls it once for each line.
func (f lineFile) Write(line []byte) (int, error) {
	if err := f.append(line); err != nil {
		err = oserror.File(f.path, err)
		f.log.Error("an audit line could not be written", "why", err, "line", string(line))
		return 0, err
	}
	return len(line), nil
}

// writeWhole writes a line. If only a part can be written, it removes that part: the
// next line would be joined to it.
func writeWhole(to *os.File, line []byte) error {
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

// append opens the file and writes one line, or only creates the file if line is empty.
func (f lineFile) append(line []byte) error {
	to, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err == nil {
		err = errors.Join(writeWhole(to, line), to.Close())
	}
	return err
}
