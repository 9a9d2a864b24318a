package component

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// link returns a stream that is neither served nor read.
func (r *rig) link() (*link, *peer) {
	type made struct {
		l   *link
		err error
	}
	c := make(chan made, 1)
	go func() {
		l, err := r.c.connect(context.Background())
		c <- made{l, err}
	}()
	p := r.accept()
	m := receive(r.t, c)
	require.NoError(r.t, m.err)
	r.t.Cleanup(func() { m.l.conn.Close() })
	return m.l, p
}

// TestNothingAfterTheEnd: once a stream has ended, every stanza that is sent on it fails, small
// or large, also while its end is being sent.
func TestNothingAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		l, p := r.link()
		l.end(errStopped)
		go func() { l.sendEnd() }() // ends with the peer's connection at the latest
		for range 100 {
			assert.ErrorIs(t, l.send([]byte("<iq/>"), nil), ErrDisconnected)
			assert.ErrorIs(t, l.send(bytes.Repeat([]byte(" "), maxBatched+1), nil), ErrDisconnected)
		}
		p.conn.Close()
	})
}

// TestRefusalIsSmall: a refusal neither repeats large attributes nor keeps a request's text.
func TestRefusalIsSmall(t *testing.T) {
	small := xml.Attr{Name: xml.Name{Local: "node"}, Value: "ping"}
	start := xml.StartElement{Name: xml.Name{Space: "urn:x", Local: "q"}, Attr: []xml.Attr{small}}
	assert.Equal(t, start, echoed(start))
	start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "large"}, Value: strings.Repeat("x", maxEchoed)})
	assert.Equal(t, xml.StartElement{Name: start.Name}, echoed(start))
}

// heldWrites is a connection on which the write of a request arrives at once and
// returns only after the release.
type heldWrites struct {
	net.Conn
	release chan struct{}
}

func (c heldWrites) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if bytes.HasPrefix(p, []byte("<iq")) {
		<-c.release
	}
	return n, err
}

// TestAnswerAndEnd: the answer comes, then the stream and the context end, and only then
// ask continues. It returns the answer.
func TestAnswerAndEnd(t *testing.T) {
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				release := make(chan struct{})
				plain := r.c.dial
				r.c.dial = func(ctx context.Context, addr string) (net.Conn, error) {
					conn, err := plain(ctx, addr)
					return heldWrites{conn, release}, err
				}
				l, p := r.link()
				go l.read(l.dispatchReply)
				ctx, cancel := context.WithCancel(t.Context())
				asked := inBackground(func() error {
					_, err := l.ask(ctx, stanza.IQ{Type: stanza.GetIQ, To: jid.MustParse("a@localhost"), From: r.c.JID()}, rosterQuery(), ages, nil)
					return err
				})
				p.answer(p.hears(), "")
				p.conn.Close()
				receive(t, inBackground(func() error { <-l.done; return nil }))
				cancel()
				close(release)
				require.NoError(t, receive(t, asked))
				assert.Empty(t, l.pending)
			})
		})
	}
}
