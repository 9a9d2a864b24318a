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

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// link is one component stream, from its handshake to its end.
type link struct {
	session *xmpp.Session
	conn    net.Conn
	log     *slog.Logger
	since   time.Time // when the handshake was done
	prefix  string    // of stanza ids: a reply to a request on an earlier stream is none to one on this

	mu      sync.Mutex
	pending map[string]*pendingAsk // by stanza id
	serial  uint64                 // of the last id given out
	heard   map[string]time.Time   // by host: when it last answered
	err     error                  // why the stream ended, set before done is closed

	done    chan struct{} // closed when the stream has ended
	drained chan struct{} // closed when nothing more arrives
}

// pendingAsk is one stanza in flight and where its reply goes.
type pendingAsk struct {
	kind  string // of stanza: iq, message, presence
	from  string // who must answer (RFC 6120 §8.1.2.1)
	reply chan inbound
}

func newLink(session *xmpp.Session, conn net.Conn, log *slog.Logger) *link {
	return &link{
		session: session, conn: conn, log: log, since: time.Now(),
		prefix:  "em-" + rand.Text()[:8] + "-",
		pending: make(map[string]*pendingAsk),
		heard:   make(map[string]time.Time),
		done:    make(chan struct{}),
		drained: make(chan struct{}),
	}
}

// read hands every element that arrives to receive, until the stream ends.
func (l *link) read(receive func(inbound)) {
	r := l.session.TokenReader()
	defer r.Close()
	defer close(l.drained)
	for {
		in, err := readInbound(r)
		if errors.Is(err, io.EOF) {
			err = errors.New("stream: closed by the server")
		}
		if err != nil {
			l.end(err)
			return
		}
		receive(in)
	}
}

// end marks the stream as ended; the first cause counts. All who wait for a
// reply are released. The connection is closed by whoever runs the link.
func (l *link) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
		close(l.done)
	}
}

func (l *link) cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// send writes one stanza, whose payload is whole. It does not end with the caller's context, which
// could cut a stanza in half: writes are bounded by the connection itself.
func (l *link) send(r xml.TokenReader) error {
	if err := l.session.Send(context.Background(), r); err != nil {
		l.end(&writeError{err})
		return fmt.Errorf("%w (%w)", ErrDisconnected, err)
	}
	return nil
}

// ask sends a request and waits for its reply, the context's end or the
// stream's end. If late is not nil it is called once when the reply is slow.
func (l *link) ask(ctx context.Context, iq stanza.IQ, payload xml.TokenReader, slow time.Duration, late func()) (inbound, error) {
	payload, err := whole(payload)
	if err != nil {
		return inbound{}, err
	}
	id, p := l.expect("iq", iq.To.String())
	defer l.forget(id)
	iq.ID = id
	if err := l.send(iq.Wrap(payload)); err != nil {
		return inbound{}, err
	}
	slowly := time.NewTimer(slow)
	defer slowly.Stop()
	for {
		select {
		case in := <-p.reply:
			return in, nil
		case <-slowly.C:
			if late != nil {
				late()
			}
		case <-ctx.Done():
			return p.orElse(context.Cause(ctx))
		case <-l.done:
			return p.orElse(fmt.Errorf("%w (%w)", ErrDisconnected, l.cause()))
		}
	}
}

// expect gives out an id for a stanza and notes who may reply to it. To be
// followed by forget.
func (l *link) expect(kind, from string) (id string, p *pendingAsk) {
	p = &pendingAsk{kind: kind, from: from, reply: make(chan inbound, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	id = l.prefix + strconv.FormatUint(l.serial, 36)
	l.pending[id] = p
	return id, p
}

func (l *link) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// orElse returns the reply where it has come nevertheless, else the error.
func (p *pendingAsk) orElse(err error) (inbound, error) {
	select {
	case in := <-p.reply:
		return in, nil
	default:
		return inbound{}, err
	}
}

// resolve gives a reply to the goroutine that asked. A reply that nobody
// waits for, or from somebody who was not asked, is dropped. Of what a host
// sends only IQs show that we still have its privileges.
func (l *link) resolve(in inbound) {
	id, from := attr(in.start, "id"), attr(in.start, "from")
	l.mu.Lock()
	p := l.pending[id]
	known := p != nil && p.from == from && p.kind == in.start.Name.Local
	if known {
		delete(l.pending, id)
	}
	if known && p.kind == "iq" {
		l.heard[domain(from)] = time.Now()
	}
	l.mu.Unlock()
	if !known {
		l.log.Debug("a reply that nobody waits for", "id", id, "from", from)
		return
	}
	p.reply <- in // has room: one reply for one request
}

// heardSince says whether a host has answered anything after t.
func (l *link) heardSince(host string, t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard[host].After(t)
}

// writeError ends a stream that could not be written to.
type writeError struct{ err error }

func (e *writeError) Error() string { return "stream: cannot write: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// goodbye leaves as ejabberd needs it: end of stream sent, the server's own
// end awaited (it comes after all that the server still had to do; closed
// earlier, the next stream of this component would lose its privileges), and
// only then the connection closed. It returns when the reader has ended.
func (l *link) goodbye(patience time.Duration, reader *sync.WaitGroup) {
	defer reader.Wait()
	defer l.conn.Close()
	if _, stuck := errors.AsType[*writeError](l.cause()); stuck {
		return
	}
	if err := l.session.Close(); err != nil {
		return
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-l.drained:
	case <-t.C:
		l.log.Warn("the server did not end the stream in time", "waited", patience)
	}
}

// attr returns the value of an attribute without a namespace, "" where it is
// absent.
func attr(start xml.StartElement, local string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

func domain(addr string) string {
	j, err := jid.Parse(addr)
	if err != nil {
		return ""
	}
	return j.Domainpart()
}
