package component

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
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
	// ages is longer than anything takes that happens at all. Time is that of
	// a synctest bubble, which passes only while everybody waits.
	ages = 10 * time.Hour
)

// rig is a component that runs, and the server's side of its connections.
type rig struct {
	t       *testing.T
	c       *Component
	log     *logbook
	dialled chan net.Conn
	stop    context.CancelFunc
	result  chan error // what Run returned
}

// newRig makes a component that knows only fake servers and looks at no host.
func newRig(t *testing.T, hosts ...string) *rig {
	r := &rig{t: t, log: &logbook{}, dialled: make(chan net.Conn), result: make(chan error, 1)}
	c, err := New(Config{
		JID: jid.MustParse(service), Address: "localhost:5347", Secret: []byte(secret), Hosts: hosts,
		Name: "emanagement", Version: "1", Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
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
	c.timing.watch, c.timing.watchSoon = 1000*ages, 1000*ages
	c.ungranted = backoff{min: 1000 * ages, max: 1000 * ages}
	r.c = c
	return r
}

// run starts the component and has it stopped when the test ends.
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
	r.result <- err // for the next who asks
	return err
}

// receive takes what comes next from a channel.
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

// pass lets time pass.
func pass(d time.Duration) { <-time.After(d) }

// peer is the server's side of one connection.
type peer struct {
	t      *testing.T
	conn   net.Conn
	sent   *bytes.Buffer // by the component, so far
	d      *xml.Decoder  // of the same
	got    chan element  // stanzas; closed at the end of the connection
	ended  chan struct{} // closed when the component has ended its stream
	rude   bool          // do not end the stream when the component does
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

// header takes the beginning of the component's stream and answers it.
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

// handshake takes the component's handshake and checks it (XEP-0114 §3).
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

// deaf accepts the next connection and does not read what comes over it. (Two
// who want to write then would hang for good: in a bubble, time does not pass
// while somebody waits for a mutex.)
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

// send sends something to the component. A component that has read enough may
// have closed the connection: a socket, unlike a pipe, would take the rest.
func (p *peer) send(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.conn, format, args...); err != io.ErrClosedPipe {
		require.NoError(p.t, err)
	}
}

// listen reads what the component sends from now on.
func (p *peer) listen() {
	p.reader.Go(func() {
		defer close(p.got)
		for p.next() {
		}
	})
}

// next reads the next stanza, and says whether there was one.
func (p *peer) next() bool {
	from := p.d.InputOffset()
	tok, err := p.d.Token()
	if err != nil {
		return false
	}
	switch tok.(type) {
	case xml.StartElement:
		if p.d.Skip() != nil {
			return false // the connection ended in the midst of it
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

// hears takes the next stanza from the component.
func (p *peer) hears() element {
	p.t.Helper()
	return receive(p.t, p.got)
}

// hearsNothing checks that nothing has come from the component.
func (p *peer) hearsNothing() {
	p.t.Helper()
	synctest.Wait()
	select {
	case e, ok := <-p.got:
		require.False(p.t, ok, e.raw)
	default:
	}
}

// answer answers a request of the component's.
func (p *peer) answer(request element, payload string) {
	p.t.Helper()
	p.send("<iq type='result' id='%s' from='%s' to='%s'>%s</iq>", request.Attrs["id"], request.Attrs["to"], request.Attrs["from"], payload)
}

// asks asks for an account's roster in the background.
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

func rosterQuery() xml.TokenReader {
	return XML(struct {
		XMLName xml.Name `xml:"jabber:iq:roster query"`
	}{})
}

// logbook is what the component has logged.
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
