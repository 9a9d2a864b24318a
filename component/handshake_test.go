package component

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangs lists how a server can hang before the handshake is done.
var hangs = map[string]func(*peer){
	"sends nothing":                 func(*peer) {},
	"takes the header":              func(p *peer) { p.d.Token() },
	"answers the header":            func(p *peer) { p.header() },
	"does not answer the handshake": func(p *peer) { p.header(); p.handshake() },
	"answers in part":               func(p *peer) { p.header(); p.handshake(); p.send("<handsh") },
}

func TestHandshakeHangs(t *testing.T) {
	for name, hang := range hangs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.dial()
				began := time.Now()
				hang(p)
				r.accept("localhost")
				assert.GreaterOrEqual(t, time.Since(began), r.c.timing.handshake)
				assert.Less(t, time.Since(began), 2*r.c.timing.handshake)
				require.NoError(t, r.c.Ready(t.Context(), "localhost"))
				_, err := p.conn.Write([]byte("<handshake/>"))
				assert.Error(t, err, "the first connection is closed")
			})
		})
	}
}

// failures lists how a stream can end before the handshake is done. The component
// tries again after each of them.
var failures = map[string]func(*peer){
	"closes":                func(p *peer) {},
	"closes after header":   func(p *peer) { p.header(); p.handshake() },
	"is no XMPP server":     func(p *peer) { p.d.Token(); p.send("HTTP/1.1 400 Bad Request\r\n\r\n") },
	"is another XML server": func(p *peer) { p.d.Token(); p.send("<html/>") },
	"two declarations":      func(p *peer) { p.d.Token(); p.send("<?xml version='1.0'?><?xml version='1.0'?>") },
	"no stream id": func(p *peer) {
		p.d.Token()
		p.send("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' from='emanagement.localhost'>")
		p.d.Token()
		p.d.Skip()
		p.send("<handshake/>")
	},
	"a stanza for an answer": func(p *peer) { p.header(); p.handshake(); p.send("<presence/>") },
	"text for an answer":     func(p *peer) { p.header(); p.handshake(); p.send("welcome") },
	"is going down": func(p *peer) {
		p.header()
		p.handshake()
		p.send("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
	},
	"an error without a name": func(p *peer) { p.header(); p.handshake(); p.send("<stream:error/></stream:stream>") },
}

func TestHandshakeFails(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.dial()
				fail(p)
				p.conn.Close()
				r.accept()
				require.NoError(t, r.c.Connected(t.Context()))
				assert.Len(t, r.log.with("WARN", "not connected"), 1)
				assert.Empty(t, r.log.with(secret))
			})
		})
	}
}

// refusals maps stream errors that are permanent to the errors that Run returns for them
// at the first start.
var refusals = map[string]error{
	"not-authorized":      ErrNotAuthorized,
	"conflict":            ErrConflict,
	"host-unknown":        nil, // an error without a name of its own
	"improper-addressing": nil,
	"invalid-namespace":   nil,
}

func refuse(p *peer, condition string) {
	p.header()
	p.handshake()
	p.send("<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error></stream:stream>", condition)
	p.conn.Close()
}

// TestHandshakeRefused: if the server refuses for good, Run gives up at the first start,
// and tries again later on.
func TestHandshakeRefused(t *testing.T) {
	for condition, want := range refusals {
		t.Run(condition, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				refuse(r.dial(), condition)
				err := r.ended()
				require.ErrorContains(t, err, service)
				if want != nil {
					require.ErrorIs(t, err, want)
				}
			})
		})
		t.Run(condition+" later", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				r.accept().conn.Close()
				for range 3 {
					refuse(r.dial(), condition)
				}
				r.accept("localhost")
				require.NoError(t, r.c.Ready(t.Context(), "localhost"))
				r.stop()
				require.NoError(t, r.ended())
			})
		})
	}
}

// TestDialFails: no server listens for a while, or the address is wrong.
func TestDialFails(t *testing.T) {
	temporary := errors.New("no server there")
	t.Run("for a while", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			there, left := r.c.dial, 10
			r.c.dial = func(ctx context.Context, addr string) (net.Conn, error) {
				assert.Equal(t, "localhost:5347", addr)
				if left--; left >= 0 {
					return nil, temporary
				}
				return there(ctx, addr)
			}
			r.run()
			r.accept()
			assert.Len(t, r.log.with("WARN", temporary.Error()), 10)
		})
	})
	t.Run("for good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.c.dial = func(context.Context, string) (net.Conn, error) { return nil, &permanentError{temporary} }
			r.run()
			require.ErrorIs(t, r.ended(), temporary)
		})
	})
}

// TestStopEarly: a component that is not connected stops at once, at every stage of the
// attempt.
func TestStopEarly(t *testing.T) {
	stages := map[string]func(*rig){
		"before the start": func(r *rig) {},
		"dialling":         func(r *rig) { synctest.Wait() },
		"waiting":          func(r *rig) { r.dial().conn.Close(); synctest.Wait() },
	}
	for name, hang := range hangs {
		stages[name] = func(r *rig) { hang(r.dial()); synctest.Wait() }
	}
	for name, reach := range stages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				reach(r)
				began := time.Now()
				r.stop()
				require.NoError(t, r.ended())
				assert.Zero(t, time.Since(began), "at once")
			})
		})
	}
}
