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

// rate is how often a caller hears how far a verb is, at most.
const rate = 200 * time.Millisecond

// answer writes the lines of an answer. One goroutine uses it at a time.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
	told    time.Time
}

// progress writes how far a verb is, unless it has done so a moment ago. That
// it cannot be written shows in the end.
func (a *answer) progress(p wire.Progress) {
	if time.Since(a.told) < rate {
		return
	}
	a.told = time.Now()
	_ = a.line(http.StatusOK, wire.Reply{Progress: &p})
}

// end writes the last line. Where it is the first one too, the status says
// what came of the verb.
func (a *answer) end(status int, r wire.Reply) error { return a.line(status, r) }

func (a *answer) line(status int, r wire.Reply) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", "application/x-ndjson")
		a.w.WriteHeader(status)
	}
	// A caller has its time for every piece: a list may be long, and what was
	// written before it long ago.
	for piece := range slices.Chunk(append(text, '\n'), 64<<10) {
		if err := a.control.SetWriteDeadline(time.Now().Add(reading)); err != nil {
			return err
		}
		if _, err := a.w.Write(piece); err != nil {
			return err
		}
	}
	return a.control.Flush()
}

// errorOf returns the error that the caller gets. An error of another type than
// *wire.Error is for the log only: known is false.
func errorOf(err error) (e *wire.Error, known bool) {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e, true
	}
	return &wire.Error{Kind: wire.Failed, Text: fault.Of(nil).Text}, false
}

// status returns the HTTP status of an error of that kind.
func status(k wire.Kind) int {
	return map[wire.Kind]int{
		wire.Usage: http.StatusBadRequest, wire.Argument: http.StatusBadRequest, wire.Forbidden: http.StatusForbidden,
		wire.Unknown: http.StatusNotFound, wire.Confirm: http.StatusConflict, wire.Failed: http.StatusBadGateway, wire.Away: http.StatusServiceUnavailable,
	}[k]
}
