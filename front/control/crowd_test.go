package control

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/semaphore"

	"emanagement/verb"
)

// TestCrowd: a caller beyond the limit is told so, even if it sends much before it reads. A
// connection that ends makes room for another one. The log has one line.
func TestCrowd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	inner, err := Listen(t.Context(), path, 0)
	require.NoError(t, err)
	var log bytes.Buffer
	l := limitConnections(inner, 2, slog.New(slog.NewTextHandler(&log, nil)))
	dial := func() net.Conn {
		c, err := net.Dial("unix", path)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	var places [2]net.Conn
	for i := range places {
		dial()
		places[i], err = l.Accept()
		require.NoError(t, err)
	}
	accepted := make(chan net.Conn)
	go func() {
		c, err := l.Accept()
		assert.NoError(t, err)
		accepted <- c
	}()
	for range 2 {
		c := dial()
		_, err := fmt.Fprintf(c, "POST /verbs/x HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n%01000000d", 0)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		assert.JSONEq(t, `{"error":{"kind":"away","text":"too busy: 2 connections are served at once, and there are more; try again in a moment","nothing_done":true}}`, string(text))
	}
	require.NoError(t, places[0].Close())
	_ = places[0].Close() // makes no further room
	dial()
	c := <-accepted
	require.NoError(t, c.Close())
	require.NoError(t, places[1].Close())
	require.NoError(t, l.Close())
	assert.Len(t, l.(*crowd).places, 0)
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
}

// TestLargeBodies: long lists wait nowhere and take bounded room. They keep no short request
// away.
func TestLargeBodies(t *testing.T) {
	f := &front{bodies: semaphore.NewWeighted(maxBodies)}
	var releases []func()
	for _, size := range []int64{maxBody, maxBody + 1} {
		release, ok := f.reserve(size)
		require.True(t, ok)
		releases = append(releases, release)
	}
	for _, size := range []int64{-1, maxBody, largeBody} {
		_, ok := f.reserve(size)
		assert.False(t, ok, size)
	}
	_, ok := f.reserve(largeBody - 1)
	assert.True(t, ok)
	releases[0]()
	_, ok = f.reserve(-1)
	assert.True(t, ok)
}

// pipes is a listener whose connections are pipes: they buffer nothing.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// TestIdleCallers: a caller that sends no more, or reads nothing, is disconnected after
// ioTimeout.
func TestIdleCallers(t *testing.T) {
	for name, sent := range map[string]string{
		"silence":         "",
		"half a head":     "POST /verbs/x HTTP/1.1\r\nHost:",
		"half a body":     "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
		"no read":         "GET /verbs HTTP/1.1\r\nHost: x\r\n\r\n",
		"no read, a verb": "POST /verbs/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := slog.New(slog.DiscardHandler)
				f := &front{namespace: verb.New(verb.Services{}, nil, log, log), bodies: semaphore.NewWeighted(maxBodies), log: log}
				srv := f.server()
				routes := srv.Handler
				srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != "/body" { // the caller of a pipe is unknown
						routes.ServeHTTP(w, r)
						return
					}
					_, _, err := f.readBody(r, &answer{w: w, control: http.NewResponseController(w)})
					assert.ErrorContains(t, err, "timeout")
				})
				l := &pipes{make(chan net.Conn), make(chan struct{})}
				go func() { assert.ErrorIs(t, srv.Serve(l), http.ErrServerClosed) }()
				near, far := net.Pipe()
				l.conns <- far
				began := time.Now()
				_, err := near.Write([]byte(sent))
				require.NoError(t, err)
				time.Sleep(ioTimeout + time.Second)
				synctest.Wait()
				_, err = near.Write([]byte("x"))
				assert.ErrorIs(t, err, io.ErrClosedPipe, "after %v", time.Since(began))
				require.NoError(t, srv.Close())
			})
		})
	}
}
