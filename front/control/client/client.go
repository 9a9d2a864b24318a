// Package client runs verbs through a control socket. It imports little, so that a program
// that runs one verb starts fast.
package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"net/url"
	"strings"
	"syscall"
	"unicode/utf8"

	"emanagement/verb/wire"
)

// Run runs a verb through the control socket, and blocks until the verb has ended. progress, if
// not nil, is called with the progress of a long verb. The end of the context stops a long
// verb. The error is a *wire.Error. Its kind is Away also if no process listens on the socket.
func Run(ctx context.Context, socket, verb string, call wire.Call, progress func(wire.Progress)) (wire.Result, error) {
	if err := check(call); err != nil {
		return wire.Result{}, err
	}
	body, err := json.Marshal(call)
	if err != nil {
		return wire.Result{}, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return wire.Result{}, notConnected(socket, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	answer, err := post(conn, verb, body)
	if err != nil {
		return wire.Result{}, incomplete(ctx, socket, err)
	}
	for {
		var r wire.Reply
		if err := answer.Decode(&r); err != nil {
			return wire.Result{}, incomplete(ctx, socket, err)
		}
		switch {
		case r.Error != nil:
			return wire.Result{}, r.Error
		case r.Result != nil:
			return *r.Result, nil
		case r.Progress != nil && progress != nil:
			progress(*r.Progress)
		}
	}
}

// check refuses values that are not UTF-8. JSON cannot carry them: they would arrive changed.
func check(c wire.Call) error {
	for i, arg := range c.Args {
		if !utf8.ValidString(arg) {
			return &wire.Error{Kind: wire.Argument, Text: fmt.Sprintf("argument %d: %q is not UTF-8", i+1, arg)}
		}
	}
	for name, values := range c.Arguments {
		for _, value := range values {
			if !utf8.ValidString(value) {
				return &wire.Error{Kind: wire.Argument, Param: name, Text: fmt.Sprintf("%s: %q is not UTF-8", name, value)}
			}
		}
	}
	return nil
}

// post sends a request, and returns a decoder of the answer's lines. It does not use net/http,
// whose initialization takes longer than the call. In HTTP/1.0 the body of an answer is not
// encoded, and ends with the connection.
func post(conn io.ReadWriter, verb string, body []byte) (*json.Decoder, error) {
	const head = "POST /verbs/%s HTTP/1.0\r\nHost: control\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
	if _, err := fmt.Fprintf(conn, head, url.PathEscape(verb), len(body), body); err != nil {
		return nil, err
	}
	answer := textproto.NewReader(bufio.NewReader(conn))
	status, err := answer.ReadLine()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.") {
		return nil, fmt.Errorf("%q is not a status line of HTTP", status)
	}
	if _, err := answer.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	return json.NewDecoder(answer.R), nil
}

// notConnected words why the connection failed. Nothing was sent.
func notConnected(socket string, err error) error {
	why := err
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		why = e
	}
	if errors.Is(err, fs.ErrPermission) {
		return &wire.Error{Kind: wire.Forbidden, Unsent: true, Text: fmt.Sprintf("%s: %v; only root and the component's user and group may connect", socket, why)}
	}
	return &wire.Error{Kind: wire.Away, Unsent: true, Text: fmt.Sprintf("%s: %v; does emanagement serve run here?", socket, why)}
}

// incomplete words why an answer has no last line.
func incomplete(ctx context.Context, socket string, err error) error {
	switch {
	case ctx.Err() != nil:
		return &wire.Error{Kind: wire.Failed, Text: "given up; what was done until then stays done"}
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return &wire.Error{Kind: wire.Away, Text: socket + ": the component ended before it answered; whether it did what was asked is unknown"}
	}
	return &wire.Error{Kind: wire.Away, Text: fmt.Sprintf("%s: an answer that cannot be read: %v", socket, err)}
}
