package e2e_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faultyLink is a TCP connection between a component and its server that can fail as
// networks do. It knows nothing of XMPP.
type faultyLink struct {
	address string
	server  string

	mu      sync.Mutex
	rate    int           // bytes a second in each direction; 0: no limit
	changed chan struct{} // closed and replaced whenever a fault changes
	lines   []*line       // the present connections
	pumps   sync.WaitGroup
}

// line is one connection.
type line struct {
	near, far   *net.TCPConn
	silent, cut bool
}

// newFaultyLink runs a link to a server's port until the test ends.
func newFaultyLink(t testing.TB, server string) *faultyLink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &faultyLink{address: l.Addr().String(), server: server, changed: make(chan struct{})}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil { // the server is down
				near.Close()
				continue
			}
			f.connect(near.(*net.TCPConn), far.(*net.TCPConn))
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		accepting.Wait()
		f.cut(false)
		f.pumps.Wait()
	})
	return f
}

func (f *faultyLink) connect(near, far *net.TCPConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &line{near: near, far: far}
	f.lines = append(f.lines, l)
	f.pumps.Go(func() { f.pump(near, far, l) })
	f.pumps.Go(func() { f.pump(far, near, l) })
}

// pump passes bytes on, as the present fault lets it.
func (f *faultyLink) pump(from, to *net.TCPConn, l *line) {
	defer to.CloseWrite()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		for sent := 0; sent < n; {
			chunk := f.await(n-sent, l)
			if chunk == 0 {
				break
			}
			if _, err := to.Write(buffer[sent : sent+chunk]); err != nil {
				return
			}
			sent += chunk
		}
		if err != nil {
			if f.isSilent(l) {
				l.close(true)
			}
			return
		}
	}
}

// await waits until bytes may go through, and returns how many. It returns 0 if they are
// lost.
func (f *faultyLink) await(n int, l *line) int {
	for {
		f.mu.Lock()
		rate, silent, cut, changed := f.rate, l.silent, l.cut, f.changed
		f.mu.Unlock()
		switch {
		case silent:
			return 0
		case cut || rate == 0:
			return n // after a cut, the write fails
		default:
			n = min(n, max(1, rate/20))
			select {
			case <-time.After(time.Duration(n) * time.Second / time.Duration(rate)):
				return n
			case <-changed:
			}
		}
	}
}

func (f *faultyLink) isSilent(l *line) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return l.silent
}

// close closes both ends.
func (l *line) close(reset bool) {
	for _, c := range []*net.TCPConn{l.near, l.far} {
		if reset {
			c.SetLinger(0) // Close then sends a reset
		}
		c.Close()
	}
}

// change changes the faults.
func (f *faultyLink) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

// slow limits the rate, in bytes a second in each direction; 0 ends that.
func (f *faultyLink) slow(rate int) { f.change(func() { f.rate = rate }) }

// silence loses all that is sent on the present connections, and does not end them. Once
// one end closes its connection, the other end's is reset: as by a machine that has closed
// it and still receives what the other one sends. A new connection works.
func (f *faultyLink) silence() {
	f.change(func() {
		for _, l := range f.lines {
			l.silent = true
		}
	})
}

// cut ends all connections: by a reset, or in order.
func (f *faultyLink) cut(reset bool) {
	f.change(func() {
		for _, l := range f.lines {
			l.cut = true
			l.close(reset)
		}
		f.lines = nil
	})
}
