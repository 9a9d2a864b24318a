package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/framing"
)

// writeLimit limits the writing of one stanza.
const writeLimit = 10 * time.Second

// NotSentError is the error of Send if it did not send the whole stanza.
type NotSentError struct{ Err error }

func (e *NotSentError) Error() string { return "not sent: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *NotSentError) Unwrap() error { return e.Err }

// errServerClosed means that the server ended the stream without an error.
var errServerClosed = fmt.Errorf("the server has closed the connection: %w", io.EOF)

// Stream is the stream of an account that is logged in. Next is for one goroutine. The
// other methods may be used by many at once.
type Stream struct {
	session *xmpp.Session
	conn    net.Conn
	reader  *framing.Reader

	mu    sync.Mutex // held while writing
	ended bool       // the end of our side was sent, or the connection is closed
}

func newStream(session *xmpp.Session) *Stream {
	conn := session.Conn()
	if negotiated, ok := conn.(framing.OneByteConn); ok {
		conn = negotiated.Conn
	}
	return &Stream{session: session, conn: conn, reader: framing.NewReader(conn, stanza.NSClient, framing.DefaultLimit)}
}

// JID returns the full JID that the server bound.
func (s *Stream) JID() jid.JID { return s.session.LocalAddr() }

// Next returns the next stanza. It blocks until one arrives. An error means that the
// stream has ended: it wraps io.EOF if the server ended it without an error, and is a
// stream.Error if the server sent one.
func (s *Stream) Next() (framing.Element, error) {
	e, err := s.reader.Next()
	if errors.Is(err, io.EOF) || errors.Is(err, framing.ErrEnd) {
		return e, errServerClosed
	}
	if err != nil {
		return e, err
	}
	if se, ok := e.StreamError(); ok {
		return e, se
	}
	if e.TooLarge {
		return e, &framing.TooLargeError{Limit: framing.DefaultLimit}
	}
	return e, nil
}

// Send writes one stanza unchanged. It blocks until the stanza is written, for at most
// 10 s. The end of the context closes the connection, because a part of the stanza may
// be out. If the error is not a *NotSentError, the whole stanza may have been sent.
func (s *Stream) Send(ctx context.Context, text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return &NotSentError{err}
	}
	if s.ended {
		return &NotSentError{errors.New("the stream has ended")}
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return &NotSentError{err}
	}
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	if _, err := s.conn.Write(text); err != nil {
		s.ended = true
		s.conn.Close()
		return &NotSentError{err}
	}
	if !stop() {
		s.ended = true
		return context.Cause(ctx)
	}
	return nil
}

// End sends the end of our side of the stream, once. It blocks for at most limit. If the
// end cannot be written, it closes the connection.
func (s *Stream) End(limit time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	_ = s.conn.SetWriteDeadline(time.Now().Add(limit)) // fails only with the connection
	if err := s.session.Close(); err != nil {
		s.conn.Close()
	}
}

// Close closes the connection, which ends Next.
func (s *Stream) Close() error { return s.conn.Close() }
