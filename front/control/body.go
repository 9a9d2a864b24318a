package control

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"emanagement/server"
	"emanagement/verb/wire"
)

const (
	// maxBody limits the body of a request, in bytes. A list of 100,000 recipients fits.
	maxBody = 8 << 20
	// maxBodies limits the large bodies of all requests under way, in bytes. A request that
	// finds no room is told to try again.
	maxBodies = 2 * maxBody
	// largeBody is the size from which a body is large, in bytes. Smaller ones are always
	// read, so that a few long lists do not keep other callers away.
	largeBody = 16 << 10
)

// readBody reads and parses the body of a request. It gives the caller ioTimeout. Unless there
// is an error, release must be called when the call is over.
func (f *front) readBody(r *http.Request, out *answer) (call wire.Call, release func(), err error) {
	if err := out.control.SetReadDeadline(time.Now().Add(ioTimeout)); err != nil {
		return call, nil, err
	}
	body := http.MaxBytesReader(out.w, r.Body, maxBody)
	release, ok := f.reserve(r.ContentLength)
	if !ok {
		// A caller that cannot send all of its request would not read the answer.
		_, _ = io.Copy(io.Discard, body)
		return call, nil, busy("other callers' long lists take all of the %d bytes that there are for them", maxBodies)
	}
	if call, err = readCall(body); err != nil {
		err = unreadable(err)
	} else {
		err = out.control.SetReadDeadline(time.Time{}) // from now on the caller only waits
	}
	if err != nil {
		release()
	}
	return call, release, err
}

// reserve reserves room for a body of that size until release is called. The size is -1 if it
// is unknown. ok is false if there is no room.
func (f *front) reserve(size int64) (release func(), ok bool) {
	if size < 0 || size > maxBody { // a larger one will be refused
		size = maxBody
	}
	if size < largeBody {
		return func() {}, true
	}
	return func() { f.bodies.Release(size) }, f.bodies.TryAcquire(size)
}

// readCall reads and parses the body of a request. It reads the body to its end: before that,
// the HTTP server does not notice that the caller disconnects.
func readCall(body io.Reader) (wire.Call, error) {
	var call wire.Call
	text, err := io.ReadAll(body)
	if err != nil {
		return wire.Call{}, err
	}
	if !utf8.Valid(text) {
		return wire.Call{}, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&call); err != nil {
		return wire.Call{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return wire.Call{}, cmp.Or(err, errors.New("there is more than one value"))
	}
	return call, nil
}

// unreadable refuses a body. It shows only the beginning of an error's text, which may
// repeat a part of the body.
func unreadable(err error) *wire.Error {
	return &wire.Error{Kind: wire.Usage, Text: "the request's body is not as docs/control.md describes it: " + server.OneLine(err.Error())}
}

// busy tells a caller to try again.
func busy(format string, args ...any) *wire.Error {
	return &wire.Error{Kind: wire.Away, NothingDone: true, Temporary: true, Text: "too busy: " + fmt.Sprintf(format, args...) + "; try again in a moment"}
}
