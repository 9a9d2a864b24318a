package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"emanagement/internal/xmppclient"
	"emanagement/verb/wire"
)

// pairRequest is one request for a pair of two new users, and what its requester was
// told.
type pairRequest struct {
	a, b   string
	began  time.Time
	took   time.Duration
	done   bool
	failed *wire.Error // nil: done, or there was no answer at all
}

// pairLoad makes pairs, with several requests at once.
type pairLoad struct {
	ask    asker
	prefix string // of the users' names

	mu       sync.Mutex
	requests []pairRequest
	working  sync.WaitGroup
	stop     context.CancelFunc
}

// loadWorkers is the number of requests at once.
const loadWorkers = 16

// startLoad starts a load that ends with stopLoad, or after max requests.
func startLoad(ctx context.Context, ask asker, prefix string, max int) *pairLoad {
	ctx, stop := context.WithCancel(ctx)
	l := &pairLoad{ask: ask, prefix: prefix, stop: stop}
	numbers := make(chan int)
	l.working.Go(func() {
		defer close(numbers)
		for n := range max {
			select {
			case numbers <- n:
			case <-ctx.Done():
				return
			}
		}
	})
	for range loadWorkers {
		l.working.Go(func() {
			for n := range numbers {
				l.request(ctx, n)
			}
		})
	}
	return l
}

// request makes one pair. It waits a moment after a request that failed, as a requester
// should.
func (l *pairLoad) request(ctx context.Context, n int) {
	r := pairRequest{a: fmt.Sprintf("%s-%d-a@localhost", l.prefix, n), b: fmt.Sprintf("%s-%d-b@localhost", l.prefix, n), began: time.Now()}
	reply := l.ask(ctx, r.a, r.b, "A", "B", "Friends", "Friends")
	r.took = time.Since(r.began)
	r.done, r.failed = reply.Result != nil, reply.Error
	l.mu.Lock()
	l.requests = append(l.requests, r)
	l.mu.Unlock()
	if !r.done {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// asker runs a verb with these arguments. It returns the last line of the answer; an empty
// one if there was no answer.
type asker func(ctx context.Context, args ...string) wire.Reply

const pairVerb = "setBidireccionalBuddys"

// askByControl asks by the control socket.
func askByControl(c *http.Client, verb string) asker {
	return func(_ context.Context, args ...string) (last wire.Reply) {
		body, err := json.Marshal(wire.Call{Args: args})
		if err != nil {
			return wire.Reply{}
		}
		answer, err := c.Post("http://control/verbs/"+verb, "application/json", bytes.NewReader(body))
		if err != nil {
			return wire.Reply{}
		}
		defer answer.Body.Close()
		for d := json.NewDecoder(answer.Body); d.Decode(&last) == nil; {
		}
		return last
	}
}

// commandWait is how long a requester waits for an ad-hoc command. A command that reaches the
// component after its last stanza is lost, and no program can say so.
const commandWait = 15 * time.Second

// askByCommands asks for pairs by ad-hoc commands. The type of an error tells its kind.
func askByCommands(c *xmppclient.Client) asker {
	return func(ctx context.Context, args ...string) wire.Reply {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandWait)
		defer cancel()
		values := make(map[string][]string)
		for i, field := range []string{"userAJid", "userBJid", "userANick", "userBNick", "userAGroup", "userBGroup"} {
			values[field] = args[i : i+1]
		}
		_, err := c.Run(ctx, service, pairVerb, values)
		if err == nil {
			return wire.Reply{Result: new(wire.Result)}
		}
		e, ok := errors.AsType[stanza.Error](err)
		kind := wire.Argument
		switch {
		case !ok || slices.Contains([]stanza.Condition{stanza.RemoteServerNotFound, stanza.ServiceUnavailable}, e.Condition):
			return wire.Reply{} // nobody is there
		case e.Type == stanza.Wait:
			kind = wire.Away
		case slices.Contains([]stanza.Condition{stanza.InternalServerError, stanza.RemoteServerTimeout}, e.Condition):
			kind = wire.Failed
		}
		return wire.Reply{Error: &wire.Error{Kind: kind, Text: err.Error()}}
	}
}

// doneSince counts the requests that have ended with Done since a time.
func (l *pairLoad) doneSince(since time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.requests {
		if r.done && r.began.After(since) {
			n++
		}
	}
	return n
}

// stopLoad ends the load and returns all requests.
func (l *pairLoad) stopLoad() []pairRequest {
	l.stop()
	l.working.Wait()
	return l.requests
}

// toldWrongly reports whether the requester was told that the request itself is wrong.
func (r pairRequest) toldWrongly() bool {
	return r.failed != nil && !slices.Contains([]wire.Kind{wire.Away, wire.Failed}, r.failed.Kind)
}

// told counts what the requesters were told, by kind.
func told(requests []pairRequest) map[string]int {
	counts := make(map[string]int)
	for _, r := range requests {
		switch {
		case r.done:
			counts["done"]++
		case r.failed == nil:
			counts["no answer"]++
		default:
			counts[string(r.failed.Kind)]++
		}
	}
	return counts
}
