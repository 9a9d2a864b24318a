package component

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
	"emanagement/xmpp/framing"
)

// link is one component stream, from its handshake to its end.
type link struct {
	conn     net.Conn
	in       *framing.Reader
	sizes    *sizeLimit
	log      *slog.Logger
	since    time.Time // the end of the handshake
	idPrefix string    // of stanza ids, so that a late reply to an earlier stream matches nothing on this one

	// writeLock holds the token of the goroutine that writes. It is a channel, so that
	// the wait for it ends with the stream. A wait for a mutex would also keep the
	// clock of a synctest bubble from advancing while a peer does not read.
	writeLock chan struct{}

	outMu sync.Mutex
	batch *batch // the stanzas that are written next; nil: none

	mu         sync.Mutex
	pending    map[string]*pendingReply // by stanza id
	lastID     uint64
	lastReply  map[string]time.Time     // by prepared host
	forbidding map[string]bool          // prepared hosts that have forbidden something
	slow       map[string]chan struct{} // by prepared host; has a value once a request is not answered soon
	err        error                    // the cause of the stream's end, set before done is closed

	ended bool // the server has ended the stream itself; only the reader sets it, before readDone is closed

	done     chan struct{} // closed when the stream has ended
	readDone chan struct{} // closed when the reader has ended
}

// pendingReply is one stanza in flight and the channel for its reply.
type pendingReply struct {
	kind  string // of stanza: iq, message, presence
	from  string // the only sender that may reply (RFC 6120 §8.1.2.1), as it was written
	reply chan inbound
}

// nsAccept is the namespace of the stanzas on a component's stream (XEP-0114 §3).
const nsAccept = "jabber:component:accept"

func newLink(conn net.Conn, sizes *sizeLimit, maxAnswer int, log *slog.Logger) *link {
	return &link{
		conn: conn, in: framing.NewReader(conn, nsAccept, maxAnswer), sizes: sizes, log: log, since: time.Now(),
		idPrefix:   "em-" + rand.Text()[:8] + "-",
		writeLock:  make(chan struct{}, 1),
		pending:    make(map[string]*pendingReply),
		lastReply:  make(map[string]time.Time),
		forbidding: make(map[string]bool),
		slow:       make(map[string]chan struct{}),
		done:       make(chan struct{}),
		readDone:   make(chan struct{}),
	}
}

// read calls receive with every stanza that arrives, until the stream ends.
func (l *link) read(receive func(inbound)) {
	defer close(l.readDone)
	for {
		in, err := l.next()
		if err != nil {
			l.ended = errors.Is(err, ErrClosed)
			l.end(err)
			return
		}
		receive(in)
	}
}

// next reads the next stanza. It returns a stream error as its error. Only a child of
// the root is a stream error, and nothing inside a stanza is (RFC 6120 §4.9.1).
func (l *link) next() (inbound, error) {
	e, err := l.in.Next()
	if err == io.EOF {
		return inbound{}, fmt.Errorf("stream: the connection has ended: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return inbound{}, err
	}
	if se, ok := e.StreamError(); ok {
		return inbound{}, se
	}
	return inbound{e}, nil
}

// end marks the stream as ended and releases all goroutines that wait for a reply.
// The first cause counts. It leaves the connection open.
func (l *link) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
		close(l.done)
	}
}

// cause returns why the stream ended, or nil if it has not.
func (l *link) cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// ask sends a request and waits for its reply, the context's end or the stream's end.
// onSlow, if not nil, is called once if the reply takes longer than slow.
func (l *link) ask(ctx context.Context, iq stanza.IQ, payload xml.TokenReader, slow time.Duration, onSlow func()) (inbound, error) {
	id, p := l.expect("iq", iq.To.String())
	defer l.forget(id)
	iq.ID = id
	text, err := encode(iq.StartElement(), payload)
	if err != nil {
		return inbound{}, err
	}
	if err := l.send(text, nil); err != nil {
		return inbound{}, err
	}
	slowTimer := time.NewTimer(slow)
	defer slowTimer.Stop()
	for {
		select {
		case in := <-p.reply:
			return in, nil
		case <-slowTimer.C:
			if onSlow != nil {
				onSlow()
			}
		case <-ctx.Done():
			return p.replyOr(context.Cause(ctx))
		case <-l.done:
			return p.replyOr(fmt.Errorf("%w (%w)", ErrDisconnected, l.cause()))
		}
	}
}

// expect returns an id for a stanza and registers the sender that may reply to it.
// The caller must call forget at last.
func (l *link) expect(kind, from string) (id string, p *pendingReply) {
	p = &pendingReply{kind: kind, from: from, reply: make(chan inbound, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	id = l.idPrefix + strconv.FormatUint(l.lastID, 36)
	l.pending[id] = p
	return id, p
}

func (l *link) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// replyOr returns the reply if it has come nevertheless, else the error.
func (p *pendingReply) replyOr(err error) (inbound, error) {
	select {
	case in := <-p.reply:
		return in, nil
	default:
		return inbound{}, err
	}
}

// dispatchReply passes a reply to the goroutine that asked. It drops a reply to no
// pending request, and one from another sender. Only a reply to an IQ shows that the
// host still honours this component's privileges.
func (l *link) dispatchReply(in inbound) {
	id, from := in.attr("id"), in.attr("from")
	l.mu.Lock()
	p := l.pending[id]
	matches := p != nil && p.kind == in.kind() && p.from == from
	if matches {
		delete(l.pending, id)
	}
	if matches && p.kind == "iq" {
		l.lastReply[address.HostOf(from)] = time.Now()
	}
	l.mu.Unlock()
	if !matches {
		l.log.Debug("dropped a reply to no pending request", "id", id, "from", from)
		return
	}
	p.reply <- in // has room: one reply for one request
}

// writeError ends a stream that could not be written to.
type writeError struct{ err error }

func (e *writeError) Error() string { return "stream: cannot write: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// leave ends the stream as ejabberd needs it, and returns when the reader has ended.
// It sends the end of the stream and waits for the server's own, up to timeout. That
// comes after everything that the server still had to do. If the connection were
// closed earlier, the next stream of this component would lose its privileges. leave
// reports whether the server has ended the stream.
func (l *link) leave(timeout time.Duration, reader *sync.WaitGroup) (inOrder bool) {
	overdue := time.AfterFunc(timeout, func() {
		l.log.Warn("the server did not end the stream in time", "waited", timeout)
		l.conn.Close() // which also ends a write that the server does not take
	})
	if l.sendEnd() {
		<-l.readDone
	}
	overdue.Stop()
	l.conn.Close()
	reader.Wait()
	return l.ended
}

// sendEnd sends the end of the stream, and reports whether it could.
func (l *link) sendEnd() bool {
	if _, ok := errors.AsType[*writeError](l.cause()); ok {
		return false
	}
	select {
	case l.writeLock <- struct{}{}:
		defer func() { <-l.writeLock }()
	case <-l.readDone:
		return false
	}
	_, err := io.WriteString(l.conn, "</stream:stream>")
	return err == nil
}
