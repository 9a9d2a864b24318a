package e2e_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

// proxy stands between a component and its server. It passes on every stanza
// unchanged, and counts. A request counts as pending from its arrival at the
// proxy until just before the proxy passes on the answer: never longer than the
// component counts it.
type proxy struct {
	address string
	flow    sync.Mutex // while it is held, nothing goes through to the server
	back    sync.Mutex // while it is held, nothing goes through to the component

	mu         sync.Mutex
	changed    chan struct{}  // closed and replaced whenever one of the following fields changes
	pending    map[string]int // the component's unanswered requests, by host
	maxPending map[string]int // the maximum of pending so far, by host
	near       net.Conn       // the component's latest connection
	lost       int            // requests that were unanswered when their stream ended
	asked      int            // requests to the component
	answered   []string       // the recipients of the component's answers, in their order
}

// newProxy runs a proxy in front of a server's port until the test ends.
func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: l.Addr().String(), changed: make(chan struct{}), pending: make(map[string]int), maxPending: make(map[string]int)}
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	serving.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil { // the server is down; the component sees its connection end
				near.Close()
				continue
			}
			serving.Go(func() { p.serve(near.(*net.TCPConn), far) })
		}
	})
	return p
}

// hold lets nothing through to the server until release is called or the test
// ends.
func (p *proxy) hold(t testing.TB) (release func()) {
	p.flow.Lock()
	release = sync.OnceFunc(p.flow.Unlock)
	t.Cleanup(release)
	return release
}

// inject has write send bytes to the component between two stanzas of the server.
func (p *proxy) inject(write func(io.Writer) error) error {
	p.mu.Lock()
	near := p.near
	p.mu.Unlock()
	p.back.Lock()
	defer p.back.Unlock()
	return write(near)
}

// serve passes one stream on until the component leaves it. Requests without an
// answer by then count as lost.
func (p *proxy) serve(near *net.TCPConn, far net.Conn) {
	pending := make(map[string]int) // the pending requests of this stream
	p.update(func() { p.near = near })
	var answers sync.WaitGroup
	answers.Go(func() {
		relay(far, func(start xml.StartElement) { p.fromServer(pending, start) }, func(b []byte) error {
			p.back.Lock()
			defer p.back.Unlock()
			_, err := near.Write(b)
			return err
		})
		near.CloseWrite() // the component may still send
	})
	p.toServer(pending, near, far)
	far.Close()
	answers.Wait()
	near.Close()
	p.update(func() {
		for host, n := range pending {
			p.lost += n
			p.pending[host] -= n
		}
	})
}

func (p *proxy) toServer(pending map[string]int, near, far net.Conn) {
	queue := make(chan []byte, 4096)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer close(queue)
	writer.Go(func() {
		for b := range queue {
			p.flow.Lock()
			far.Write(b) // on an error the reading side notices the end of the connection
			p.flow.Unlock()
		}
	})
	relay(near, func(start xml.StartElement) { p.fromComponent(pending, start) }, func(b []byte) error {
		queue <- bytes.Clone(b)
		return nil
	})
}

// relay reads stanzas, calls see with the start element of each, and then
// passes on the whole stanza. It returns at the end of the stream.
func relay(from io.Reader, see func(xml.StartElement), pass func([]byte) error) {
	var read bytes.Buffer
	d := xml.NewDecoder(io.TeeReader(from, &read))
	for depth, passed := 0, int64(0); ; {
		token, err := d.RawToken()
		if err != nil {
			return
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 2 {
				see(token)
			}
		case xml.EndElement:
			depth--
		}
		if depth > 1 {
			continue
		}
		if err := pass(read.Next(int(d.InputOffset() - passed))); err != nil {
			return
		}
		passed = d.InputOffset()
	}
}

func (p *proxy) fromComponent(pending map[string]int, start xml.StartElement) {
	typ, to := attr(start, "type"), attr(start, "to")
	p.update(func() {
		switch {
		case start.Name.Local != "iq":
		case typ == "get" || typ == "set":
			host := jid.MustParse(to).Domainpart()
			pending[host]++
			p.pending[host]++
			p.maxPending[host] = max(p.maxPending[host], p.pending[host])
		default:
			p.answered = append(p.answered, to)
		}
	})
}

func (p *proxy) fromServer(pending map[string]int, start xml.StartElement) {
	typ, from := attr(start, "type"), attr(start, "from")
	p.update(func() {
		switch {
		case start.Name.Local != "iq":
		case typ == "get" || typ == "set":
			p.asked++
		default:
			host := jid.MustParse(from).Domainpart()
			pending[host]--
			p.pending[host]--
		}
	})
}

func attr(start xml.StartElement, name string) string {
	i := slices.IndexFunc(start.Attr, func(a xml.Attr) bool { return a.Name == xml.Name{Local: name} })
	if i < 0 {
		return ""
	}
	return start.Attr[i].Value
}

func (p *proxy) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// read calls of with the lock held, and returns its result.
func (p *proxy) read(of func() int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return of()
}

// await waits until the condition holds.
func (p *proxy) await(ctx context.Context, condition func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := condition(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
