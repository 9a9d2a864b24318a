package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"emanagement/internal/testserver"
)

// serverWindow is how many stanzas of a component are in flight at most. More make the
// server slower.
const serverWindow = 16

// way is a way to carry out operations.
type way struct {
	name string
	// do carries out operations from the number base on.
	do func(o operation, base, count int) error
}

// ways returns all ways, the bare one first.
func (r *rig) ways(ctx context.Context, inFlight int) []way {
	asked := r.admins[:min(clients, inFlight)]
	byCommand := func(to string, node func(o operation, n int) string) func(o operation, base, count int) error {
		return func(o operation, base, count int) error {
			return askAll(asked, inFlight, count, func(n int) string {
				return fmt.Sprintf("<iq id='%d' type='set' to='%s'>%s</iq>", n, to, form(node(o, base+n), o.args(base+n)))
			}, isDone)
		}
	}
	return []way{
		{"bare", func(o operation, base, count int) error { return r.askBare(inFlight, base, count, o.does) }},
		{"exact", func(o operation, base, count int) error {
			return r.askBare(inFlight, base, count, func(n int) []stanza { return append(o.reads(n), o.does(n)...) })
		}},
		{"floor", byCommand(floorComponent, func(o operation, n int) string { return o.name + "/" + strconv.Itoa(n) })},
		{"exact floor", byCommand(floorComponent, func(o operation, n int) string { return exactly + o.name + "/" + strconv.Itoa(n) })},
		{"ad-hoc", byCommand(testserver.Component, func(o operation, _ int) string { return o.verb })},
		{"control", r.byControl(ctx, inFlight)},
		{"HTTP API", r.byHTTP(ctx, inFlight)},
	}
}

// askBare has the bare component ask stanzas.
func (r *rig) askBare(inFlight, base, count int, stanzas func(n int) []stanza) error {
	each := len(stanzas(base))
	return askAll([]*peer{r.bare}, min(inFlight, serverWindow), count*each, func(n int) string {
		return stanzas(base + n/each)[n%each].xml(bareComponent, strconv.Itoa(n))
	}, isResult)
}

// byControl calls the program's control socket over connections that stay open.
func (r *rig) byControl(ctx context.Context, inFlight int) func(o operation, base, count int) error {
	c := httpClient(inFlight, "unix", r.program.Control())
	return func(o operation, base, count int) error {
		return inParallel(inFlight, count, func(n int) error {
			arguments := make(map[string]any)
			for _, a := range o.args(base + n) {
				arguments[a[0]] = a[1]
			}
			return post(ctx, c, "http://control/verbs/"+o.verb, encode(map[string]any{"arguments": arguments}))
		})
	}
}

// byHTTP calls ejabberd's API over HTTP, over connections that stay open.
func (r *rig) byHTTP(ctx context.Context, inFlight int) func(o operation, base, count int) error {
	address := strings.TrimPrefix(strings.TrimSuffix(r.server.InspectionURL(), "/api"), "http://")
	c := httpClient(inFlight, "tcp", address)
	return func(o operation, base, count int) error {
		return inParallel(inFlight, count, func(n int) error {
			for _, q := range o.http(base + n) {
				if err := post(ctx, c, "http://"+address+"/api/"+q.command, q.body); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// httpClient returns a client with up to that many connections to one address.
func httpClient(connections int, network, address string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
}

func post(ctx context.Context, c *http.Client, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return err
}

// inParallel calls do with each number below count, by that many goroutines.
func inParallel(goroutines, count int, do func(n int) error) error {
	var all sync.WaitGroup
	var next atomic.Int64
	failed := make(chan error, goroutines)
	for range goroutines {
		all.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= count {
					return
				}
				if err := do(n); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
