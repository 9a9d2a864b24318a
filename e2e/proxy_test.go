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

// proxy stands between a component and its server, hands every stanza on as it
// came, and counts. A request counts as unanswered from when it has reached
// the proxy, and not any more before its answer leaves it: never longer than
// the component has to take it for that.
type proxy struct {
	address string
	flow    sync.Mutex // held by who lets nothing through to the server

	mu       sync.Mutex
	changed  chan struct{}  // closed and replaced whenever something below changes
	open     map[string]int // the component's unanswered requests, by host
	most     map[string]int // the most there ever were
	lost     int            // those that were unanswered when their stream had ended
	asked    int            // requests to the component
	answered []string       // whom the component has answered, in that order
}

// newProxy runs a proxy in front of a server's port until the test ends.
func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{address: l.Addr().String(), changed: make(chan struct{}), open: make(map[string]int), most: make(map[string]int)}
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
			if err != nil { // it is not up, and its end is what the component sees
				near.Close()
				continue
			}
			serving.Go(func() { p.serve(near.(*net.TCPConn), far) })
		}
	})
	return p
}

// hold lets nothing through to the server, until release is called or the test
// ends.
func (p *proxy) hold(t testing.TB) (release func()) {
	p.flow.Lock()
	release = sync.OnceFunc(p.flow.Unlock)
	t.Cleanup(release)
	return release
}

// serve passes one stream on until the component has left it. What it had asked
// by then without an answer is lost.
func (p *proxy) serve(near *net.TCPConn, far net.Conn) {
	open := make(map[string]int) // of this stream
	var answers sync.WaitGroup
	answers.Go(func() {
		relay(far, func(start xml.StartElement) { p.fromServer(open, start) }, func(b []byte) error {
			_, err := near.Write(b)
			return err
		})
		near.CloseWrite() // the component's own end is still to come
	})
	p.toServer(open, near, far)
	far.Close()
	answers.Wait()
	near.Close()
	p.update(func() {
		for host, n := range open {
			p.lost += n
			p.open[host] -= n
		}
	})
}

func (p *proxy) toServer(open map[string]int, near, far net.Conn) {
	queue := make(chan []byte, 4096)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer close(queue)
	writer.Go(func() {
		for b := range queue {
			p.flow.Lock()
			far.Write(b) // if it fails, the server's end is seen elsewhere
			p.flow.Unlock()
		}
	})
	relay(near, func(start xml.StartElement) { p.fromComponent(open, start) }, func(b []byte) error {
		queue <- bytes.Clone(b)
		return nil
	})
}

// relay passes what it reads on, a whole stanza at a time, after it has shown
// the stanza's start. It returns at the stream's end.
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

func (p *proxy) fromComponent(open map[string]int, start xml.StartElement) {
	typ, to := attr(start, "type"), attr(start, "to")
	p.update(func() {
		switch {
		case start.Name.Local != "iq":
		case typ == "get" || typ == "set":
			host := jid.MustParse(to).Domainpart()
			open[host]++
			p.open[host]++
			p.most[host] = max(p.most[host], p.open[host])
		default:
			p.answered = append(p.answered, to)
		}
	})
}

func (p *proxy) fromServer(open map[string]int, start xml.StartElement) {
	typ, from := attr(start, "type"), attr(start, "from")
	p.update(func() {
		switch {
		case start.Name.Local != "iq":
		case typ == "get" || typ == "set":
			p.asked++
		default:
			host := jid.MustParse(from).Domainpart()
			open[host]--
			p.open[host]--
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

// count reads one of the counts.
func (p *proxy) count(of func() int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return of()
}

// await waits until what was counted is so.
func (p *proxy) await(ctx context.Context, so func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := so(), p.changed
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
