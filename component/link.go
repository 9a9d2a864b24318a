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
	conn   net.Conn
	in     *framing.Reader
	sizes  *sizes
	log    *slog.Logger
	since  time.Time // when the handshake was done
	prefix string    // of stanza ids: a reply to a request on an earlier stream is none to one on this

	// writing holds whoever writes. It is no mutex, so that those who wait for a
	// peer that does not read can be told from those who work.
	writing chan struct{}

	mu      sync.Mutex
	pending map[string]*pendingAsk // by stanza id
	serial  uint64                 // of the last id given out
	heard   map[string]time.Time   // by prepared host: when it last answered
	forbid  map[string]bool        // prepared hosts that have forbidden something
	err     error                  // why the stream ended, set before done is closed

	done    chan struct{} // closed when the stream has ended
	drained chan struct{} // closed when nothing more arrives
}

// pendingAsk is one stanza in flight and where its reply goes.
type pendingAsk struct {
	kind  string // of stanza: iq, message, presence
	from  string // who must answer (RFC 6120 §8.1.2.1), as it was written
	reply chan inbound
}

// nsAccept is the namespace of what passes over a component's stream (XEP-0114
// §3).
const nsAccept = "jabber:component:accept"

func newLink(conn net.Conn, sizes *sizes, log *slog.Logger) *link {
	return &link{
		conn: conn, in: framing.New(conn, nsAccept, framing.DefaultLimit), sizes: sizes, log: log, since: time.Now(),
		prefix:  "em-" + rand.Text()[:8] + "-",
		writing: make(chan struct{}, 1),
		pending: make(map[string]*pendingAsk),
		heard:   make(map[string]time.Time),
		forbid:  make(map[string]bool),
		done:    make(chan struct{}),
		drained: make(chan struct{}),
	}
}

// read hands every stanza that arrives to receive, until the stream ends.
func (l *link) read(receive func(inbound)) {
	defer close(l.drained)
	for {
		in, err := l.next()
		if err != nil {
			l.end(err)
			return
		}
		receive(in)
	}
}

// next reads the next stanza. A stream error is its error: that is a child of
// the root, and nothing that stands inside a stanza is one (RFC 6120 §4.9.1).
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

// lastWords is how long the server's own reason for the end of a stream is
// waited for where a write has failed.
const lastWords = time.Second

// send writes one stanza; answers is the request that it answers, nil where it
// is no answer. It does not end with the caller's context, which could cut a
// stanza in half: writes are bounded by the connection itself. Errors: a
// *SizeError, or one that wraps ErrDisconnected.
func (l *link) send(text []byte, answers *Request) error {
	if err := l.sizes.check(len(text)); err != nil {
		return err
	}
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-l.done:
		return fmt.Errorf("%w (%w)", ErrDisconnected, l.cause())
	}
	l.sizes.sending(len(text), answers)
	if _, err := l.conn.Write(text); err != nil {
		t := time.NewTimer(lastWords)
		defer t.Stop()
		select {
		case <-l.done: // the reader knows why
		case <-t.C:
		}
		l.end(&writeError{err})
		return fmt.Errorf("%w (%w)", ErrDisconnected, l.cause())
	}
	return nil
}

// ask sends a request and waits for its reply, the context's end or the
// stream's end. If late is not nil it is called once when the reply is slow.
func (l *link) ask(ctx context.Context, iq stanza.IQ, payload xml.TokenReader, slow time.Duration, late func()) (inbound, error) {
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
	id, from := in.attr("id"), in.attr("from")
	l.mu.Lock()
	p := l.pending[id]
	known := p != nil && p.kind == in.kind() && p.from == from
	if known {
		delete(l.pending, id)
	}
	if known && p.kind == "iq" {
		l.heard[address.HostOf(from)] = time.Now()
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
	return l.heard[address.PrepareHost(host)].After(t)
}

// forbade notes that a host forbids what is needed of it.
func (l *link) forbade(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forbid[address.PrepareHost(host)] = true
}

// forbids says whether a host has forbidden something on the stream.
func (l *link) forbids(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forbid[address.PrepareHost(host)]
}

// idle says whether nothing is under way on the stream.
func (l *link) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending) == 0
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
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-l.drained:
		return
	}
	if _, err := io.WriteString(l.conn, "</stream:stream>"); err != nil {
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
