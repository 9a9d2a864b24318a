package ejabberd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"emanagement/fault"
)

const (
	// httpConns is the number of requests that are under way at once. Measured on
	// ejabberd 26.07, 24.12 and 23.01, add_rosteritem on Mnesia, two cores: one
	// connection makes 1,200 to 1,600 requests a second, eight make 1,700 to 2,200, and
	// more make no more.
	httpConns   = 8
	httpTimeout = 10 * time.Second // for one request, as package component has it
	httpIdle    = time.Minute      // ejabberd closes an idle connection after five
	// maxAnswer limits an answer, in bytes: a list of some 500,000 users fits.
	maxAnswer = 32 << 20
)

// httpClient runs commands over HTTP, through mod_http_api.
type httpClient struct {
	Endpoint
	client  *http.Client
	slots   chan struct{} // holds one token for each request under way
	timeout time.Duration
	limit   int64 // of an answer, in bytes
}

func newHTTPClient(e Endpoint) *httpClient {
	e.URL = strings.TrimRight(e.URL, "/")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a proxy would see the secret
	transport.MaxIdleConnsPerHost = httpConns
	transport.IdleConnTimeout = httpIdle
	return &httpClient{
		Endpoint: e,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		slots:   make(chan struct{}, httpConns),
		timeout: httpTimeout,
		limit:   maxAnswer,
	}
}

// call runs a command, with older arguments if the server takes those.
func (h *httpClient) call(ctx context.Context, command string, args []arg) (answer, error) {
	return callAnyVersion(args, olderArgsWithGroups, func(args []arg) (answer, error) { return h.post(ctx, command, args) })
}

// post makes one request, once.
func (h *httpClient) post(ctx context.Context, command string, args []arg) (answer, error) {
	body, err := json.Marshal(jsonArgs(args))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	status, text, err := h.exchange(ctx, command, body)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, httpRefusal(command, status, text)
	}
	if !json.Valid(text) {
		return nil, h.noAnswer(errors.New("not JSON"))
	}
	return jsonAnswer(text), nil
}

// exchange sends a request and reads the whole answer.
func (h *httpClient) exchange(ctx context.Context, command string, body []byte) (status int, text []byte, err error) {
	var connected atomic.Bool // from then on, part of the request may have been sent
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := http.NewRequestWithContext(traced, http.MethodPost, h.URL+"/"+command, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	switch {
	case h.Token != "":
		req.Header.Set("Authorization", "Bearer "+h.Token)
	case h.User != "":
		req.SetBasicAuth(h.User, h.Password)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the word Post and the URL
		}
		if !connected.Load() {
			return 0, nil, fmt.Errorf("%s: %w: %w", h.URL, fault.ErrUnreachable, err)
		}
		return 0, nil, h.noAnswer(err)
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, h.limit+1))
	if err == nil && int64(len(text)) > h.limit {
		err = fmt.Errorf("more than %d bytes", h.limit)
	}
	if err != nil {
		return 0, nil, h.noAnswer(err)
	}
	return resp.StatusCode, text, nil
}

// noAnswer returns the error of a request that may have been sent and that got no answer,
// or none that can be read.
func (h *httpClient) noAnswer(cause error) error {
	return fmt.Errorf("%s: %w: %w", h.URL, fault.ErrNoAnswer, cause)
}

// jsonArgs returns the arguments in the form that mod_http_api takes.
func jsonArgs(args []arg) map[string]any {
	m := make(map[string]any, len(args))
	for _, g := range args {
		switch v := g.value.(type) {
		case []string:
			m[g.name] = append([]string{}, v...) // not null
		case map[string]string:
			pairs := []map[string]string{}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				pairs = append(pairs, map[string]string{"name": name, "value": v[name]})
			}
			m[g.name] = pairs
		default:
			m[g.name] = v
		}
	}
	return m
}
