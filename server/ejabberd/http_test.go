package ejabberd

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/fault"
)

// fakeServer starts a plain HTTP server, for answers that no real ejabberd can be made to
// send. It returns a client of that server.
func fakeServer(t *testing.T, handler http.HandlerFunc) *httpClient {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return clientFor(t, Endpoint{URL: s.URL + "/api/"})
}

// clientFor returns a client of an endpoint.
func clientFor(t *testing.T, e Endpoint) *httpClient {
	h := newHTTPClient(e)
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}

// respondWith returns a handler that answers every request with a status and a body.
func respondWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// TestRequest checks the encoding of arguments, and each way to authenticate.
func TestRequest(t *testing.T) {
	for name, test := range map[string]struct {
		e    Endpoint
		want string
	}{
		"neither":    {Endpoint{}, ""},
		"a token":    {Endpoint{Token: "abc"}, "Bearer abc"},
		"an account": {Endpoint{User: "a@b", Password: "p:w é"}, "Basic YUBiOnA6dyDDqQ=="},
	} {
		t.Run(name, func(t *testing.T) {
			h := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
				var got map[string]any
				assert.NoError(t, json.NewDecoder(r.Body).Decode(&got))
				assert.Equal(t, map[string]any{
					"text": "<&> 😀", "number": -7.0, "none": []any{}, "list": []any{"a", "b"},
					"named": []any{map[string]any{"name": "a", "value": "1"}, map[string]any{"name": "b", "value": "2"}},
				}, got)
				assert.Equal(t, "POST /api/do_it application/json", r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type"))
				assert.Equal(t, test.want, r.Header.Get("Authorization"))
				io.WriteString(w, "0")
			})
			h.Token, h.User, h.Password = test.e.Token, test.e.User, test.e.Password
			got, err := h.call(t.Context(), "do_it", []arg{
				{"text", "<&> 😀"}, {"number", -7}, {"none", []string(nil)}, {"list", []string{"a", "b"}}, {"named", map[string]string{"b": "2", "a": "1"}},
			})
			require.NoError(t, err)
			assert.Equal(t, []string{"0"}, got.list())
		})
	}
}

// TestNoAnswer checks that the error leaves the outcome open if the server may have carried
// out the command, and that the command is not repeated.
func TestNoAnswer(t *testing.T) {
	hijack := func(w http.ResponseWriter, bytes string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if assert.NoError(t, err) {
			io.WriteString(conn, bytes)
			assert.NoError(t, conn.Close())
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"slow in the middle": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "[")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"huge":           respondWith(200, `"`+strings.Repeat("x", 1000)+`"`),
		"an error, huge": respondWith(403, `"`+strings.Repeat("x", 1000)+`"`),
		"not JSON":       respondWith(200, "<html>"),
		"empty":          respondWith(200, ""),
		"more than JSON": respondWith(200, "0<html>"),
		"closed":         func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") },
		"closed in the middle": func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[")
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) { hijack(w, "<stream:error/>") },
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			h := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) == 1 {
					io.WriteString(w, "0") // so that the client keeps the connection
					return
				}
				io.Copy(io.Discard, r.Body) // otherwise the handler does not notice that the client has gone
				handler(w, r)
			})
			_, err := h.call(t.Context(), "c", nil)
			require.NoError(t, err)
			h.timeout, h.limit = 200*time.Millisecond, 100
			_, err = h.call(t.Context(), "c", []arg{{"a", "b"}})
			assert.ErrorIs(t, err, fault.ErrNoAnswer)
			assert.NotErrorIs(t, err, fault.ErrUnreachable)
			assert.EqualValues(t, 2, requests.Load())
		})
	}
}

// TestUnreachable checks that the error says so if the command surely was not sent.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closedPort := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	untrusted := httptest.NewUnstartedServer(respondWith(200, "0"))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	plain := httptest.NewServer(respondWith(200, "0"))
	t.Cleanup(plain.Close)
	for name, url := range map[string]string{
		"nothing listens": closedPort, "no such name": "http://nowhere.invalid/api",
		"an untrusted certificate": untrusted.URL, "no TLS": strings.Replace(plain.URL, "http:", "https:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := clientFor(t, Endpoint{URL: url, Token: "s3cret"}).call(t.Context(), "c", nil)
			assert.ErrorIs(t, err, fault.ErrUnreachable)
			assert.NotErrorIs(t, err, fault.ErrNoAnswer)
			assert.Contains(t, err.Error(), url+": cannot be reached: ")
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
}

// TestSecretStaysHere checks that a redirect does not send the token to another server.
func TestSecretStaysHere(t *testing.T) {
	var requests atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(elsewhere.Close)
	h := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
	})
	h.Token = "s3cret"
	_, err := h.call(t.Context(), "c", nil)
	var refused *Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 308, refused.Code)
	assert.Zero(t, requests.Load())
}

// TestEndsWithItsContext ends the contexts of a request under way and of one that waits for
// a slot.
func TestEndsWithItsContext(t *testing.T) {
	arrived := make(chan struct{})
	h := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	})
	h.slots = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := h.call(ctx, "c", nil)
		ended <- err
	}()
	<-arrived
	waiting, giveUp := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer giveUp()
	_, err := h.call(waiting, "c", nil) // the only slot is taken
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotErrorIs(t, err, fault.ErrNoAnswer)
	cancel()
	assert.ErrorIs(t, <-ended, context.Canceled)
}

// TestConnections checks that many requests use all connections, no more, and keep them.
func TestConnections(t *testing.T) {
	var opened, underWay atomic.Int32
	full := make(chan struct{}) // closed when the largest number of requests is under way
	var once sync.Once
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := underWay.Add(1)
		defer underWay.Add(-1) // before the answer is sent
		assert.LessOrEqual(t, n, int32(httpConns))
		if n == httpConns {
			once.Do(func() { close(full) })
		}
		<-full
		io.WriteString(w, "0")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	h := clientFor(t, Endpoint{URL: s.URL})
	var calls sync.WaitGroup
	for range 20 * httpConns {
		calls.Go(func() {
			_, err := h.call(t.Context(), "c", nil)
			assert.NoError(t, err)
		})
	}
	calls.Wait()
	assert.EqualValues(t, httpConns, opened.Load())
}
