package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"

	"emanagement/cmd"
)

// Client calls a component that runs on this machine.
type Client struct {
	path string
	http *http.Client
}

// NewClient returns a client of the socket at a path. It connects when it is
// first used.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Close ends the connection that is kept for the next call.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Run runs a verb and waits for its end; progress, where it is not nil, hears
// how far it is. Where the context ends, a verb that can take long is stopped.
// The error is an *Error; of the kind Away also where nobody listens at the
// socket.
func (c *Client) Run(ctx context.Context, verb string, call Call, progress func(cmd.Progress)) (Result, error) {
	body, err := json.Marshal(call)
	if err != nil {
		return Result{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/verbs/"+url.PathEscape(verb), bytes.NewReader(body))
	if err != nil {
		return Result{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return Result{}, c.unreached(err)
	}
	defer response.Body.Close()
	lines := json.NewDecoder(response.Body)
	for {
		var r Reply
		if err := lines.Decode(&r); err != nil {
			return Result{}, c.cut(ctx, err)
		}
		switch {
		case r.Error != nil:
			return Result{}, r.Error
		case r.Result != nil:
			return *r.Result, nil
		case r.Progress != nil && progress != nil:
			progress(*r.Progress)
		}
	}
}

// unreached says why nobody was reached.
func (c *Client) unreached(err error) error {
	why := cause(err)
	if errors.Is(err, context.Canceled) {
		why = errors.New("given up")
	}
	kind, hint := Away, "; does emanagement serve run here?"
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		hint = "; the component ended before it answered, and whether it did what was asked is unknown"
	}
	if errors.Is(err, fs.ErrPermission) {
		kind, hint = Forbidden, "; only the component's user and group may call, or root"
	}
	return &Error{Kind: kind, Text: fmt.Sprintf("%s: %v%s", c.path, why, hint)}
}

// cut says why an answer has no end.
func (c *Client) cut(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &Error{Kind: Failed, Text: "given up; what was done until then stays done"}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Kind: Away, Text: c.path + ": the component ended before it answered; whether it did what was asked is unknown"}
	}
	return &Error{Kind: Away, Text: fmt.Sprintf("%s: an answer that cannot be read: %v", c.path, err)}
}
