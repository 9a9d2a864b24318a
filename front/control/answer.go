package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"emanagement/fault"
	"emanagement/verb/wire"
)

// progressInterval is the minimum time between two lines of progress.
const progressInterval = 200 * time.Millisecond

// contentType is that of an answer, which consists of lines of JSON.
const contentType = "application/x-ndjson"

// answer writes the lines of an answer. It must not be used concurrently.
type answer struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	begun    bool
	reported time.Time // when progress was last written
}

// progress writes a line of progress, unless it wrote one a moment ago. If that fails, the
// last line will fail too.
func (a *answer) progress(p wire.Progress) {
	if time.Since(a.reported) < progressInterval {
		return
	}
	a.reported = time.Now()
	_ = a.line(http.StatusOK, wire.Reply{Progress: &p})
}

// end writes the last line. The status is sent only if there was no line before it.
func (a *answer) end(status int, r wire.Reply) error { return a.line(status, r) }

// line writes one line, and the status before the first one.
func (a *answer) line(status int, r wire.Reply) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", contentType)
		a.w.WriteHeader(status)
	}
	// Each piece has a deadline of its own: a list may be long, and the line before it may
	// have been written long ago.
	for piece := range slices.Chunk(append(text, '\n'), 64<<10) {
		if err := a.control.SetWriteDeadline(time.Now().Add(ioTimeout)); err != nil {
			return err
		}
		if _, err := a.w.Write(piece); err != nil {
			return err
		}
	}
	return a.control.Flush()
}

// errorOf returns the error that the caller gets. known is false if the error is not a
// *wire.Error: then only the log gets its text.
func errorOf(err error) (e *wire.Error, known bool) {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e, true
	}
	return &wire.Error{Kind: wire.Failed, Text: fault.Of(err).Text}, false
}

// status returns the HTTP status of an error of that kind.
func status(k wire.Kind) int {
	return map[wire.Kind]int{
		wire.Usage: http.StatusBadRequest, wire.Argument: http.StatusBadRequest, wire.Forbidden: http.StatusForbidden,
		wire.Unknown: http.StatusNotFound, wire.Confirm: http.StatusConflict, wire.Failed: http.StatusBadGateway, wire.Away: http.StatusServiceUnavailable,
	}[k]
}
