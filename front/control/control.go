package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"emanagement/verb"
	"emanagement/verb/wire"
)

// frontName is this front's in the audit log.
const frontName = "control"

const (
	// maxBody bounds a request, in bytes: a broadcast to 100,000 fits.
	maxBody = 8 << 20
	// patience is how long a verb may take that is not long.
	patience = time.Minute
	// connecting is how long a verb waits for a stream to the server.
	connecting = 5 * time.Second
	// reading is how long a caller may take to take a line.
	reading = 10 * time.Second
	// drain is how long verbs under way may go on when the component stops.
	drain = 7 * time.Second
)

// front answers on the socket.
type front struct {
	namespace *verb.Namespace
	connected func(context.Context) error // waits for a stream to the server
	log       *slog.Logger
}

// Serve answers on the socket until the context ends, and closes it. What is
// under way then has 7 s to end. connected waits for a stream to the server. An
// error is one of the listener.
func Serve(ctx context.Context, l net.Listener, n *verb.Namespace, connected func(context.Context) error, log *slog.Logger) error {
	f := &front{namespace: n, connected: connected, log: log}
	server := &http.Server{
		Handler:           f.routes(),
		ConnContext:       withPeer,
		ReadHeaderTimeout: reading,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() { // received below, after Serve
		<-ctx.Done()
		draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err := server.Shutdown(draining)
		if errors.Is(err, context.DeadlineExceeded) {
			log.Warn("stopping: callers of the control socket are left without an answer", "after", drain)
			err = server.Close()
		}
		stopped <- err
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func (f *front) routes() http.Handler {
	// Not by a ServeMux, which answers in its own words and not in JSON.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, named := strings.CutPrefix(r.URL.Path, "/verbs/")
		switch {
		case r.URL.Path == "/verbs" && r.Method == http.MethodGet:
			f.list(w, r)
		case named && r.Method == http.MethodPost:
			f.run(w, r, name)
		default:
			out := &answer{w: w, control: http.NewResponseController(w)}
			text := r.Method + " " + r.URL.Path + ": what can be asked for is GET /verbs and POST /verbs/VERB"
			f.end(r, out, http.StatusNotFound, wire.Reply{Error: &wire.Error{Kind: wire.Usage, Text: text}})
		}
	})
}

// run runs a verb and answers in lines, as docs/control.md describes it.
func (f *front) run(w http.ResponseWriter, r *http.Request, name string) {
	// What is over in a moment answers with one line.
	out := &answer{w: w, control: http.NewResponseController(w), told: time.Now()}
	result, err := f.answer(r, name, out)
	if err == nil {
		answer := result.Wire()
		f.end(r, out, http.StatusOK, wire.Reply{Result: &answer})
		return
	}
	e, known := errorOf(err)
	if !known {
		f.log.Error("a request on the control socket failed", "verb", name, "why", err)
	}
	f.end(r, out, status(e.Kind), wire.Reply{Error: e})
}

// end answers. The log says where nobody took the answer.
func (f *front) end(r *http.Request, out *answer, status int, last wire.Reply) {
	if err := out.end(status, last); err != nil {
		f.log.Warn("an answer on the control socket was not taken", "path", r.URL.Path, "why", err)
	}
}

func (f *front) answer(r *http.Request, name string, out *answer) (verb.Result, error) {
	asker, err := peer(r.Context())
	if err != nil {
		return verb.Result{}, err
	}
	q := verb.Request{Asker: asker, Front: frontName, Verb: name, Attend: out.progress}
	v, err := f.namespace.Open(q)
	if err != nil {
		return verb.Result{}, err
	}
	call, err := readCall(http.MaxBytesReader(out.w, r.Body, maxBody))
	if err != nil {
		return verb.Result{}, &wire.Error{Kind: wire.Usage, Text: "the request's body is not as docs/control.md describes it: " + err.Error()}
	}
	if q.Values, err = values(call, v); err != nil {
		return verb.Result{}, err
	}
	q.Confirmed = call.Confirm
	if err := f.awaitStream(r.Context(), v); err != nil {
		return verb.Result{}, err
	}
	ctx := r.Context() // which ends when the caller leaves
	if !v.Long {
		// It is not left half done.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ctx = limited
	}
	return f.namespace.Run(ctx, q)
}

// readCall reads a request's body to its end: before, the server would not
// notice that the caller leaves.
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

// values are a call's arguments, by parameter.
func values(c wire.Call, v *verb.Verb) (map[string][]string, error) {
	all := make(map[string][]string)
	if c.Args != nil {
		var rest []string
		var err error
		if all, rest, err = v.Arguments(c.Args); err != nil {
			return nil, err
		}
		if len(rest) > 0 {
			return nil, v.Usage()
		}
	}
	for name, given := range c.Arguments {
		if _, twice := all[name]; twice {
			return nil, verb.BadArgument(name, "it is in args too")
		}
		if err := v.NoParam(name); err != nil {
			return nil, err
		}
		all[name] = given
	}
	return all, nil
}

// awaitStream waits for a moment until the server can be asked anything. A
// verb that concerns no host need not ask it.
func (f *front) awaitStream(ctx context.Context, v *verb.Verb) error {
	if v.Hostless {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	if err := f.connected(waiting); err != nil {
		return &wire.Error{Kind: wire.Away, NothingDone: true, Text: "the component is not connected to the server at the moment; its log says why"}
	}
	return nil
}
