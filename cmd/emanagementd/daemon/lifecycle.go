package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"emanagement/cmd/emanagementd/config"
	"emanagement/component"
	"emanagement/front/control"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/work"
)

const (
	// finishLimit limits how long the verbs under way may go on when the program stops.
	finishLimit = 7 * time.Second
	// undoLimit limits how long they may take after that to undo what they began.
	undoLimit = 3 * time.Second
	// leaveLimit limits the messages and presences that the component sends before it
	// stops.
	leaveLimit = 5 * time.Second
)

// runUntilStopped runs the component and the control socket until the context ends.
// Without a socket, it is nil.
//
// There is one order in which the program stops, whichever way a request came. No new
// verb begins. Those under way finish. After finishLimit they are cancelled, and undo what
// they began, while the stream still lasts. What is left then is in the journal. At last
// the component leaves the stream. leave is called before that, and its context ends after
// leaveLimit.
func runUntilStopped(ctx context.Context, c *component.Component, socket net.Listener, n *verb.Namespace, w *work.Work, log *slog.Logger, leave func(context.Context)) error {
	serving, stopServing := context.WithCancel(ctx)
	running, stopRunning := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { // ends before served is received below
		defer stopRunning()
		var socketServed errgroup.Group
		if socket != nil {
			socketServed.Go(func() error { return control.Serve(serving, socket, n, c.Connected, log) })
		}
		<-serving.Done()
		if left := w.Stop(finishLimit, undoLimit); left > 0 {
			log.Warn("stopping: verbs under way are abandoned, and settled at the next start", "verbs", left, "after", finishLimit+undoLimit)
		}
		err := socketServed.Wait()
		leaving, cancel := context.WithTimeout(running, leaveLimit)
		defer cancel()
		leave(leaving)
		served <- err
	}()
	err := c.Run(running)
	stopServing()
	return errors.Join(err, <-served)
}

// awaitJobs waits until every job has ended and its requester has the message about that,
// or until the context ends. In the latter case the program waits for the jobs when it
// ends.
func awaitJobs(ctx context.Context, all *jobs.Jobs) {
	ended := make(chan struct{})
	go func() { // ends with the jobs, for which the program waits
		all.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// listen returns the control socket. It returns nil if the configuration wants none. The
// program also runs without it if it cannot be made at the default path.
func listen(ctx context.Context, socket config.Socket, log *slog.Logger) (net.Listener, error) {
	if socket.Path == "" {
		return nil, nil
	}
	l, err := control.Listen(ctx, socket.Path, socket.Group)
	_, taken := errors.AsType[*control.TakenError](err)
	switch {
	case err == nil:
		log.Info("verbs can be run from this machine", "control", socket.Path)
		return l, nil
	// A second component of this name would take the first one's privileges away.
	case socket.Fixed || taken:
		return nil, fmt.Errorf("control: %w", err)
	}
	log.Warn("verbs cannot be run from this machine, because there is no control socket; name a path for it as control in the configuration", "why", err)
	return nil, nil
}
