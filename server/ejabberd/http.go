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
	"emanagement/server"
)

// Endpoint is where a server offers its API commands over HTTP (ejabberd's
// mod_http_api) and as whom it knows us: by an OAuth token, or by an account
// and its password, or by neither, where it permits our address.
type Endpoint struct {
	URL            string // without the command's name
	Token          string
	User, Password string
}

// CheckURL says what is wrong with an Endpoint's URL.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		return errors.New("an account stands in it; user and password_file are for that")
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q: not like http://127.0.0.1:5281/api/v3", s)
	}
	return nil
}

const (
	// httpConns is how many requests are under way at once. Measured on
	// ejabberd 26.07, 24.12 and 23.01, add_rosteritem on Mnesia, two cores: one
	// makes 1,200 to 1,600 a second, eight 1,700 to 2,200, more no more.
	httpConns   = 8
	httpTimeout = 10 * time.Second // for one request, as component has it
	httpIdle    = time.Minute      // ejabberd ends an idle connection after five
	// maxAnswer bounds what is read of an answer: a list of some 500,000
	// users fits.
	maxAnswer = 32 << 20
)

// overHTTP calls the commands through mod_http_api.
type overHTTP struct {
	Endpoint
	client  *http.Client
	slots   chan struct{} // one for each request under way
	timeout time.Duration
	limit   int64
}

func newOverHTTP(e Endpoint) *overHTTP {
	e.URL = strings.TrimRight(e.URL, "/")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the server is ours, and so is the secret
	transport.MaxIdleConnsPerHost = httpConns
	transport.IdleConnTimeout = httpIdle
	return &overHTTP{
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

// call runs one command, under the names that its arguments had before where the
// server is that old.
func (h *overHTTP) call(ctx context.Context, command string, args []arg) (answer, error) {
	return inEveryForm(args, inOldFormJoined, func(args []arg) (answer, error) { return h.post(ctx, command, args) })
}

// post makes one request, once.
func (h *overHTTP) post(ctx context.Context, command string, args []arg) (answer, error) {
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
		return nil, h.unanswered(errors.New("not JSON"))
	}
	return jsonAnswer(text), nil
}

// exchange sends a request and reads the whole answer.
func (h *overHTTP) exchange(ctx context.Context, command string, body []byte) (status int, text []byte, err error) {
	var sent atomic.Bool // or a part of it, possibly
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
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
			err = e.Err // without the words Post and the URL
		}
		if !sent.Load() {
			return 0, nil, fmt.Errorf("%s: %w: %w", h.URL, fault.ErrUnreachable, err)
		}
		return 0, nil, h.unanswered(err)
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, h.limit+1))
	if err == nil && int64(len(text)) > h.limit {
		err = fmt.Errorf("more than %d bytes", h.limit)
	}
	if err != nil {
		return 0, nil, h.unanswered(err)
	}
	return resp.StatusCode, text, nil
}

// unanswered is the end of a request that was sent and got no answer, or none
// that can be read.
func (h *overHTTP) unanswered(why error) error {
	return fmt.Errorf("%s: %w: %w", h.URL, fault.ErrNoAnswer, why)
}

// jsonArgs are arguments as mod_http_api takes them.
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

// httpRefusal reads an error: an object with a message, or a text, or, where
// no mod_http_api answers at that place, anything.
func httpRefusal(command string, status int, body []byte) error {
	e := &Error{Command: command, Code: status, HTTP: true}
	var words string
	var object struct {
		Message string
		Code    int
	}
	switch {
	case json.Unmarshal(body, &object) == nil && object.Message != "":
		words = object.Message
	case json.Unmarshal(body, &words) == nil:
	default:
		words = string(body)
	}
	e.Text = server.OneLine(words)
	if strings.HasPrefix(e.Text, "<") { // a page for people who went astray
		e.Text = ""
	}
	if e.Text == "unknown_command" { // its module is not loaded
		e.Code = 0
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Code = Forbidden
	case http.StatusNotFound:
		// A command's own "not found" has none of mod_http_api's numbers for
		// what it does not know.
		if object.Code != 0 || words == string(body) {
			e.Code = 0
		}
	}
	if e.Text == "" {
		e.Text = http.StatusText(status)
	}
	return e
}
