package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/verb/work"
)

// frontName is the name of this front in the audit log.
const frontName = "control"

const (
	// verbTimeout limits a verb that is not Long, with the wait for a stream to the server.
	verbTimeout = 7 * time.Second
	// connectTimeout limits how long a verb waits for a stream to the server.
	connectTimeout = 5 * time.Second
	// waitInterval is the time between two attempts of a caller who waits for the server.
	waitInterval = time.Second
	// ioTimeout limits how long a caller may take to send the head of a request, or its
	// body, or to receive a piece of an answer.
	ioTimeout = 10 * time.Second
	// drainTimeout limits how long Serve waits for its callers at the end. Its verbs are
	// ended before that: see package work.
	drainTimeout = 12 * time.Second
)

// front answers the requests on the socket.
type front struct {
	namespace *verb.Namespace
	connected func(context.Context) error // waits for a stream to the server
	bodies    *semaphore.Weighted         // see maxBodies
	log       *slog.Logger
}

// Serve answers requests on the socket until the context ends, and closes the socket. It then
// waits 12 s for the requests under way. It serves 2,000 connections at once. connected blocks
// until there is a stream to the server. Serve returns an error only if the listener fails.
func Serve(ctx context.Context, l net.Listener, n *verb.Namespace, connected func(context.Context) error, log *slog.Logger) error {
	f := &front{namespace: n, connected: connected, bodies: semaphore.NewWeighted(maxBodies), log: log}
	srv := f.server()
	stopped := make(chan error, 1)
	go func() { // the result is received below
		<-ctx.Done()
		draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		err := srv.Shutdown(draining)
		if errors.Is(err, context.DeadlineExceeded) {
			log.Warn("stopping: callers of the control socket are left without an answer", "after", drainTimeout)
			err = srv.Close()
		}
		stopped <- err
	}()
	if err := srv.Serve(limitConnections(l, maxConnections, log)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// server returns the HTTP server, which does not serve yet.
func (f *front) server() *http.Server {
	return &http.Server{
		Handler:           f.routes(),
		ConnContext:       withPeer,
		ReadHeaderTimeout: ioTimeout,
		WriteTimeout:      ioTimeout, // for what package http writes itself
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(f.log.Handler(), slog.LevelWarn),
	}
}

func (f *front) routes() http.Handler {
	// A ServeMux would not answer errors in JSON.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, isVerb := strings.CutPrefix(r.URL.Path, "/verbs/")
		switch {
		case r.URL.Path == "/verbs" && r.Method == http.MethodGet:
			f.list(w, r)
		case isVerb && r.Method == http.MethodPost:
			f.run(w, r, name)
		default:
			out := &answer{w: w, control: http.NewResponseController(w)}
			text := r.Method + " " + r.URL.Path + ": unknown request; there are GET /verbs and POST /verbs/VERB"
			f.end(r, out, http.StatusNotFound, wire.Reply{Error: &wire.Error{Kind: wire.Usage, Text: text}})
		}
	})
}

// run runs a verb, and answers in lines as docs/control.md describes.
func (f *front) run(w http.ResponseWriter, r *http.Request, name string) {
	// A verb that ends within progressInterval answers by one line.
	out := &answer{w: w, control: http.NewResponseController(w), reported: time.Now()}
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

// end writes the last line of an answer. The log tells if that failed.
func (f *front) end(r *http.Request, out *answer, status int, last wire.Reply) {
	if err := out.end(status, last); err != nil {
		f.log.Warn("an answer on the control socket was not taken", "path", r.URL.Path, "why", err)
	}
}

// answer runs the verb of a request.
func (f *front) answer(r *http.Request, name string, out *answer) (verb.Result, error) {
	requester, err := peer(r.Context())
	if err != nil {
		return verb.Result{}, err
	}
	q := verb.Request{Requester: requester, Front: frontName, Verb: name, OnProgress: out.progress}
	v, err := f.namespace.FindAudited(q)
	if err != nil {
		return verb.Result{}, err
	}
	call, release, err := f.readBody(r, out)
	if err != nil {
		return verb.Result{}, err
	}
	defer release()
	if q.Values, err = values(call, v); err != nil {
		return verb.Result{}, err
	}
	q.Confirmed = call.Confirm
	return f.runPatiently(r.Context(), q, v, call.Wait)
}

// runPatiently runs a verb. If the server is away and the caller wants to wait, it tries again
// until the caller disconnects.
func (f *front) runPatiently(ctx context.Context, q verb.Request, v *verb.Verb, wait bool) (verb.Result, error) {
	for {
		result, err := f.runOnce(ctx, q, v)
		if e, ok := errors.AsType[*wire.Error](err); !wait || !ok || e.Kind != wire.Away || !e.Temporary || errors.Is(err, work.ErrEnding) {
			return result, err
		}
		q.OnProgress(wire.Progress{Text: "waiting for the server"})
		select {
		case <-time.After(waitInterval):
		case <-ctx.Done():
			return result, err
		}
	}
}

// runOnce runs a verb once. ctx ends when the caller disconnects.
func (f *front) runOnce(ctx context.Context, q verb.Request, v *verb.Verb) (verb.Result, error) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), verbTimeout)
	defer cancel()
	if !v.Long {
		// A verb must not end half done because its caller disconnects.
		ctx = limited
	}
	if err := f.awaitStream(limited, v); err != nil {
		return verb.Result{}, err
	}
	return f.namespace.Run(ctx, q)
}

// values returns the arguments of a call, by parameter.
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
		if err := v.CheckParam(name); err != nil {
			return nil, err
		}
		all[name] = given
	}
	return all, nil
}

// awaitStream waits for a stream to the server, at most 5 s. A verb that concerns no host
// needs none.
func (f *front) awaitStream(ctx context.Context, v *verb.Verb) error {
	if v.Hostless {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := f.connected(waiting); err != nil {
		return &wire.Error{Kind: wire.Away, NothingDone: true, Temporary: true, Text: "the component is not connected to the server at the moment; its log says why"}
	}
	return nil
}
