package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// rate is how often a caller hears how far a verb is, at most.
const rate = 200 * time.Millisecond

// reply is Reply as it is written.
type reply struct {
	Progress *verb.Progress `json:"progress,omitempty"`
	Result   *verb.Result   `json:"result,omitempty"`
	Error    *wire.Error    `json:"error,omitempty"`
}

// answer writes the lines of an answer. One goroutine uses it at a time.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
	told    time.Time
}

// progress writes how far a verb is, unless it has done so a moment ago. That
// it cannot be written shows in the end.
func (a *answer) progress(p verb.Progress) {
	if time.Since(a.told) < rate {
		return
	}
	a.told = time.Now()
	_ = a.line(http.StatusOK, reply{Progress: &p})
}

// end writes the last line. Where it is the first one too, the status says
// what came of the verb.
func (a *answer) end(status int, r reply) error { return a.line(status, r) }

func (a *answer) line(status int, r reply) error {
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

// wireError is how an error of the namespace is sent. Of one that it does not
// know the caller learns nothing: known is false.
func wireError(err error) (e *wire.Error, known bool) {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e, true
	}
	if _, ok := errors.AsType[*verb.UsageError](err); ok {
		return &wire.Error{Kind: wire.Usage, Text: err.Error()}, true
	}
	if errors.Is(err, verb.ErrNoSuchVerb) {
		unknown := &wire.Error{Kind: wire.Unknown, Text: verb.NotRecognized + "\n" + verb.UseHelp}
		if e, ok := errors.AsType[*verb.UnknownVerbError](err); ok {
			unknown.Meant = e.Meant
		}
		return unknown, true
	}
	if _, ok := errors.AsType[*verb.ForbiddenError](err); ok {
		return &wire.Error{Kind: wire.Forbidden, Text: err.Error()}, true
	}
	if e, ok := errors.AsType[*verb.ArgError](err); ok {
		return &wire.Error{Kind: wire.Argument, Text: e.Error(), Param: e.Param}, true
	}
	if e, ok := errors.AsType[*verb.ConfirmError](err); ok {
		return &wire.Error{Kind: wire.Confirm, Text: e.What, Word: e.Word}, true
	}
	if e, ok := errors.AsType[*verb.FailedError](err); ok {
		if e.Away {
			return &wire.Error{Kind: wire.Away, Text: e.Text}, true
		}
		return &wire.Error{Kind: wire.Failed, Text: e.Text}, true
	}
	return &wire.Error{Kind: wire.Failed, Text: "something went wrong here; the log of the component says what"}, false
}

// status is the HTTP status of an error of that kind.
func status(k wire.Kind) int {
	return map[wire.Kind]int{
		wire.Usage: http.StatusBadRequest, wire.Argument: http.StatusBadRequest, wire.Forbidden: http.StatusForbidden,
		wire.Unknown: http.StatusNotFound, wire.Confirm: http.StatusConflict, wire.Failed: http.StatusBadGateway, wire.Away: http.StatusServiceUnavailable,
	}[k]
}
