package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
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
	ask    askPair
	prefix string // of the users' names

	mu       sync.Mutex
	requests []pairRequest
	working  sync.WaitGroup
	stop     context.CancelFunc
}

// loadWorkers is the number of requests at once.
const loadWorkers = 16

// startLoad starts a load that ends with stopLoad, or after max requests.
func startLoad(ctx context.Context, ask askPair, prefix string, max int) *pairLoad {
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
	reply := l.ask(ctx, r.a, r.b)
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

// askPair asks for a pair. It returns the last line of the answer; an empty one if there was
// no answer.
type askPair func(ctx context.Context, a, b string) wire.Reply

const pairVerb = "setBidireccionalBuddys"

// askByControl asks by the control socket.
func askByControl(c *http.Client) askPair {
	return func(_ context.Context, a, b string) (last wire.Reply) {
		body, err := json.Marshal(wire.Call{Args: []string{a, b, "A", "B", "Friends", "Friends"}})
		if err != nil {
			return wire.Reply{}
		}
		answer, err := c.Post("http://control/verbs/"+pairVerb, "application/json", bytes.NewReader(body))
		if err != nil {
			return wire.Reply{}
		}
		defer answer.Body.Close()
		for d := json.NewDecoder(answer.Body); d.Decode(&last) == nil; {
		}
		return last
	}
}

// askByCommands asks by ad-hoc commands. The type of an error tells its kind.
func askByCommands(c *xmppclient.Client) askPair {
	return func(ctx context.Context, a, b string) wire.Reply {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, err := c.Run(ctx, service, pairVerb, formValues("userAJid", a, "userBJid", b, "userANick", "A", "userBNick", "B", "userAGroup", "Friends", "userBGroup", "Friends"))
		if err == nil {
			return wire.Reply{Result: new(wire.Result)}
		}
		e, ok := errors.AsType[stanza.Error](err)
		switch {
		case !ok || slices.Contains([]stanza.Condition{stanza.RemoteServerNotFound, stanza.ServiceUnavailable}, e.Condition):
			return wire.Reply{} // nobody is there
		case e.Type == stanza.Wait:
			return wire.Reply{Error: &wire.Error{Kind: wire.Away, Text: err.Error()}}
		case slices.Contains([]stanza.Condition{stanza.InternalServerError, stanza.RemoteServerTimeout}, e.Condition):
			return wire.Reply{Error: &wire.Error{Kind: wire.Failed, Text: err.Error()}}
		}
		return wire.Reply{Error: &wire.Error{Kind: wire.Argument, Text: err.Error()}}
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

// summary counts what the requesters were told, by kind.
func summary(requests []pairRequest) string {
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
	var parts []string
	for what, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, what))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
