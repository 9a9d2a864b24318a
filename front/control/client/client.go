// Package client asks the component that listens at a control socket to run verbs. It
// is small: a program that runs for a moment needs it.
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

// Run has the component that listens at a socket run a verb, and waits for its
// end; progress, where it is not nil, hears how far it is. Where the context
// ends, a verb that can take long is stopped. The error is an *Error, of the
// kind Away also where nobody listens.
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
		return wire.Result{}, unreached(socket, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	answer, err := ask(conn, verb, body)
	if err != nil {
		return wire.Result{}, cut(ctx, socket, err)
	}
	for {
		var r wire.Reply
		if err := answer.Decode(&r); err != nil {
			return wire.Result{}, cut(ctx, socket, err)
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

// check refuses what JSON cannot carry, which would else arrive as something
// else.
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

// ask sends a request and returns the answer's values. In HTTP/1.0 an answer
// ends with its connection and comes as it is, so that nothing of net/http is
// needed, whose start takes longer than the call.
func ask(conn io.ReadWriter, verb string, body []byte) (*json.Decoder, error) {
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
		return nil, fmt.Errorf("%q is not the beginning of one", status)
	}
	if _, err := answer.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	return json.NewDecoder(answer.R), nil
}

// unreached says why nobody was reached.
func unreached(socket string, err error) error {
	why := err
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		why = e
	}
	if errors.Is(err, fs.ErrPermission) {
		return &wire.Error{Kind: wire.Forbidden, Unsent: true, Text: fmt.Sprintf("%s: %v; only the component's user and group may call, or root", socket, why)}
	}
	return &wire.Error{Kind: wire.Away, Unsent: true, Text: fmt.Sprintf("%s: %v; does emanagement serve run here?", socket, why)}
}

// cut says why an answer has no end.
func cut(ctx context.Context, socket string, err error) error {
	switch {
	case ctx.Err() != nil:
		return &wire.Error{Kind: wire.Failed, Text: "given up; what was done until then stays done"}
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return &wire.Error{Kind: wire.Away, Text: socket + ": the component ended before it answered; whether it did what was asked is unknown"}
	}
	return &wire.Error{Kind: wire.Away, Text: fmt.Sprintf("%s: an answer that cannot be read: %v", socket, err)}
}
