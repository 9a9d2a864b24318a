package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"emanagement/verb/wire"
)

const (
	// maxConnections limits the connections that are served at once.
	maxConnections = 2000
	// refuseTimeout limits how long a caller that is not served may take to read why.
	refuseTimeout = time.Second
	// warnInterval is the time between two lines in the log about a crowd.
	warnInterval = time.Minute
)

// crowd is a listener that serves only so many connections at once, and tells further
// callers so. Without it they would wait, and could not know what for.
type crowd struct {
	net.Listener
	places   chan struct{}
	log      *slog.Logger
	warned   time.Time // when the log last told of a crowd
	refusing sync.WaitGroup
}

func limitConnections(l net.Listener, n int, log *slog.Logger) net.Listener {
	return &crowd{Listener: l, places: make(chan struct{}, n), log: log}
}

// Accept implements net.Listener. Only one goroutine may call it. Once the listener is closed,
// Accept waits for the refusals under way, for refuseTimeout at most.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			c.refusing.Wait()
			return nil, err
		}
		select {
		case c.places <- struct{}{}:
			return &served{Conn: conn, leave: sync.OnceFunc(func() { <-c.places })}, nil
		default:
		}
		if time.Since(c.warned) > warnInterval {
			c.warned = time.Now()
			c.log.Warn("callers of the control socket are refused: too many connections", "served", cap(c.places))
		}
		c.refusing.Go(func() { refuse(conn, cap(c.places)) })
	}
}

// served is a connection that has a place until it is closed.
type served struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (s *served) Close() error {
	defer s.leave()
	return s.Conn.Close()
}

// CloseWrite lets package http end an answer before it closes the connection.
func (s *served) CloseWrite() error { return closeWrite(s.Conn) }

// closeWrite tells the caller that nothing follows.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// refuse answers a caller without a place. It reads what the caller sends: a caller that
// cannot send all of its request would not read the answer.
func refuse(conn net.Conn, places int) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(refuseTimeout)); err != nil {
		return
	}
	text, err := json.Marshal(wire.Reply{Error: busy("%d connections are served at once, and there are more", places)})
	if err != nil {
		return
	}
	answer := http.Response{
		StatusCode: http.StatusServiceUnavailable, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header: http.Header{"Content-Type": {contentType}},
		Body:   io.NopCloser(bytes.NewReader(append(text, '\n'))), ContentLength: int64(len(text)) + 1,
	}
	// A caller that has left needs no answer.
	if err := answer.Write(conn); err != nil {
		return
	}
	if closeWrite(conn) == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}
