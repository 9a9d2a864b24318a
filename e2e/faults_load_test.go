package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

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

// pairLoad makes pairs by the control socket, with several requests at once.
type pairLoad struct {
	client *http.Client
	prefix string // of the users' names

	mu       sync.Mutex
	requests []pairRequest
	working  sync.WaitGroup
	stop     context.CancelFunc
}

// loadWorkers is the number of requests at once.
const loadWorkers = 16

// startLoad starts a load that ends with stopLoad, or after max requests.
func startLoad(ctx context.Context, c *http.Client, prefix string, max int) *pairLoad {
	ctx, stop := context.WithCancel(ctx)
	l := &pairLoad{client: c, prefix: prefix, stop: stop}
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

// request makes one pair. It waits a moment after a request without an answer: then no
// process listens.
func (l *pairLoad) request(ctx context.Context, n int) {
	r := pairRequest{a: fmt.Sprintf("%s-%d-a@localhost", l.prefix, n), b: fmt.Sprintf("%s-%d-b@localhost", l.prefix, n), began: time.Now()}
	reply, answered := l.call("setBidireccionalBuddys", r.a, r.b, "A", "B", "Friends", "Friends")
	r.took = time.Since(r.began)
	r.done, r.failed = reply.Result != nil, reply.Error
	l.mu.Lock()
	l.requests = append(l.requests, r)
	l.mu.Unlock()
	if !answered {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// call runs a verb and returns the last line of the answer.
func (l *pairLoad) call(verb string, args ...string) (last wire.Reply, answered bool) {
	body, err := json.Marshal(wire.Call{Args: args})
	if err != nil {
		return wire.Reply{}, false
	}
	answer, err := l.client.Post("http://control/verbs/"+verb, "application/json", bytes.NewReader(body))
	if err != nil {
		return wire.Reply{}, false
	}
	defer answer.Body.Close()
	for d := json.NewDecoder(answer.Body); d.Decode(&last) == nil; {
		answered = true
	}
	return last, answered && (last.Result != nil || last.Error != nil)
}

// count counts the requests that have ended with Done since a time.
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
