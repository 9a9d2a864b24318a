package component

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

const (
	service = "emanagement.localhost"
	secret  = "s3cr3t"
	// ages is longer than any wait that ends. Time is that of a synctest bubble,
	// which advances only while all goroutines wait.
	ages = 10 * time.Hour
)

// rig is a component and the server's side of its connections.
type rig struct {
	t       *testing.T
	c       *Component
	log     *logbook
	dialled chan net.Conn
	stop    context.CancelFunc
	result  chan error // of Run
}

// newRig returns a component that connects only to fake servers. It probes
// a host only while a request is slow, and waits for the answer for ever. It
// serves localhost if no hosts are given.
func newRig(t *testing.T, hosts ...string) *rig {
	if len(hosts) == 0 {
		hosts = []string{"localhost"}
	}
	r := &rig{t: t, log: &logbook{}, dialled: make(chan net.Conn), result: make(chan error, 1)}
	c, err := New(Config{
		JID: jid.MustParse(service), Address: "localhost:5347", Secret: []byte(secret), Hosts: hosts,
		Probe: probe, CheckGrant: checkGrant, OversizeAdvice: oversizeAdvice, Name: "emanagement", Version: "1",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	c.dial = func(ctx context.Context, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case r.dialled <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	never := pace{1000 * ages, 1000 * ages}
	c.timing.probe, c.timing.probeEarly, c.timing.probeSettling, c.timing.regrant = never, never, never, never.pause
	c.grantBackoff = backoff{min: 1000 * ages, max: 1000 * ages}
	r.c = c
	return r
}

// run starts the component and stops it when the test ends.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.result <- r.c.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		r.ended()
	})
}

// ended waits for the end of Run and returns what it returned.
func (r *rig) ended() error {
	r.t.Helper()
	err := receive(r.t, r.result)
	r.result <- err // for the next call
	return err
}

// receive returns the next value of a channel.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		require.True(t, ok, "nothing comes any more")
		return v
	case <-time.After(ages):
		require.FailNow(t, "nothing comes")
		panic("unreachable")
	}
}

// pass advances the time.
func pass(d time.Duration) { <-time.After(d) }

// peer is the server's side of one connection.
type peer struct {
	t      *testing.T
	conn   net.Conn
	sent   *bytes.Buffer // all bytes from the component
	d      *xml.Decoder  // of those bytes
	got    chan element  // stanzas; closed at the end of the connection
	ended  chan struct{} // closed when the component has ended its stream
	began  time.Time     // the time of the handshake
	rude   bool          // does not end the stream when the component does
	reader sync.WaitGroup
}

// dial waits for the component's next connection.
func (r *rig) dial() *peer {
	r.t.Helper()
	p := &peer{
		t: r.t, conn: receive(r.t, r.dialled), sent: new(bytes.Buffer),
		got: make(chan element, 10000), ended: make(chan struct{}),
	}
	p.d = xml.NewDecoder(io.TeeReader(p.conn, p.sent))
	r.t.Cleanup(func() {
		p.conn.Close()
		p.reader.Wait()
	})
	return p
}

// header reads the header of the component's stream and answers it.
func (p *peer) header() {
	p.t.Helper()
	tok, err := p.d.Token()
	require.NoError(p.t, err)
	start, ok := tok.(xml.StartElement)
	require.True(p.t, ok)
	require.Equal(p.t, xml.Name{Space: "http://etherx.jabber.org/streams", Local: "stream"}, start.Name)
	require.Equal(p.t, service, attr(start, "to"))
	p.send("<?xml version='1.0'?>" + streamStart)
}

// handshake reads the component's handshake and checks it (XEP-0114 §3).
func (p *peer) handshake() {
	p.t.Helper()
	tok, err := p.d.Token()
	require.NoError(p.t, err)
	start, ok := tok.(xml.StartElement)
	require.True(p.t, ok)
	require.Equal(p.t, xml.Name{Space: "jabber:component:accept", Local: "handshake"}, start.Name)
	var digest string
	require.NoError(p.t, p.d.DecodeElement(&digest, &start))
	want := sha1.Sum([]byte("17823" + secret))
	require.Equal(p.t, hex.EncodeToString(want[:]), digest)
}

// deaf accepts the next connection and reads nothing after its handshake. (Two
// goroutines that write to it would hang for good if they waited for a mutex: then the
// time of a bubble does not advance.)
func (r *rig) deaf() *peer {
	r.t.Helper()
	p := r.dial()
	p.header()
	p.handshake()
	p.send("<handshake/>")
	synctest.Wait()
	return p
}

// accept accepts the next connection and grants access to the hosts.
func (r *rig) accept(hosts ...string) *peer {
	r.t.Helper()
	p := r.dial()
	p.header()
	p.handshake()
	p.listen()
	p.began = time.Now()
	p.send("<handshake/>")
	synctest.Wait()
	for _, h := range hosts {
		p.grant(h)
	}
	return p
}

func (p *peer) grant(host string) {
	p.t.Helper()
	p.send(`<message to='emanagement.localhost' from='%s'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/><perm access='iq'/></privilege></message>`, host)
	synctest.Wait()
}

// send sends text to the component. A component that has read enough may have closed
// the connection. A socket, unlike a pipe, would take the rest.
func (p *peer) send(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.conn, format, args...); err != io.ErrClosedPipe {
		require.NoError(p.t, err)
	}
}

// listen begins to read the stanzas that the component sends.
func (p *peer) listen() {
	p.reader.Go(func() {
		defer close(p.got)
		for p.next() {
		}
	})
}

// next reads the next stanza and reports whether there was one.
func (p *peer) next() bool {
	from := p.d.InputOffset()
	tok, err := p.d.Token()
	if err != nil {
		return false
	}
	switch tok.(type) {
	case xml.StartElement:
		if p.d.Skip() != nil {
			return false // the connection ended inside of it
		}
		e, err := parse(string(p.sent.Bytes()[from:p.d.InputOffset()]))
		if !assert.NoError(p.t, err) {
			return false
		}
		// XEP-0114 §3; another domain in from would end the stream.
		assert.Equal(p.t, service, address.HostOf(e.Attrs["from"]), e.raw)
		assert.NotEmpty(p.t, e.Attrs["to"], e.raw)
		p.got <- e
	case xml.EndElement:
		close(p.ended)
		if !p.rude {
			io.WriteString(p.conn, "</stream:stream>")
			p.conn.Close()
		}
		return false
	}
	return true
}

// hears returns the next stanza from the component.
func (p *peer) hears() element {
	p.t.Helper()
	return receive(p.t, p.got)
}

// hearsNothing checks that the component has sent nothing more.
func (p *peer) hearsNothing() {
	p.t.Helper()
	synctest.Wait()
	select {
	case e, ok := <-p.got:
		require.False(p.t, ok, e.raw)
	default:
	}
}

// answer sends the result of one of the component's requests.
func (p *peer) answer(request element, payload string) {
	p.t.Helper()
	p.send("<iq type='result' id='%s' from='%s' to='%s'>%s</iq>", request.Attrs["id"], request.Attrs["to"], request.Attrs["from"], payload)
}

// asks sends a request to an account in the background.
func (r *rig) asks(to string) <-chan error {
	return inBackground(func() error {
		return r.c.Ask(r.t.Context(), stanza.GetIQ, jid.MustParse(to), rosterQuery(), nil)
	})
}

func inBackground(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// probe is Config.Probe: a roster get of an account that need not exist.
func probe(host string) (jid.JID, xml.TokenReader) {
	return address.Account("emanagement-watch", host), rosterQuery()
}

// checkGrant is Config.CheckGrant.
func checkGrant(g Grant) error {
	if g.Access["roster"] != "both" {
		return errors.New("rosters cannot be managed")
	}
	return nil
}

const oversizeAdvice = "raise max_stanza_size"

func rosterQuery() xml.TokenReader {
	return XML(struct {
		XMLName xml.Name `xml:"jabber:iq:roster query"`
	}{})
}

// logbook keeps the lines that the component has logged.
type logbook struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(b)
}

// with returns the lines that contain all of the words.
func (l *logbook) with(words ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
lines:
	for line := range strings.Lines(l.lines.String()) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue lines
			}
		}
		found = append(found, line)
	}
	return found
}
