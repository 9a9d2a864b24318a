package component

import (
	"context"
	"encoding/xml"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"
)

// ends lists how a working stream can end: what the server sends before it closes the
// connection.
var ends = map[string]string{
	"connection closed": "",
	"end of stream":     "</stream:stream>",
	"stream error":      "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
	"error with no end": "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
	"half an error":     "<stream:error><conflict",
	"half a tag":        "<iq type='result' fr",
	"half a stanza":     "<iq type='result' from='a@localhost' id='1'><query xmlns='jabber:iq:roster'><item",
	"no XML":            "<iq <",
	"wrong end":         "<iq></message>",
	"a comment":         "<!-- c -->",
	"an instruction":    "<?php?>",
	"a doctype":         "<!DOCTYPE x>",
	"an entity":         "<message><body>&x;</body></message>",
	"text":              "text",
	"another stream":    streamStart,
}

// TestStreamEnds: whenever a stream ends, the requests under way end, and a new stream
// works as the first one did.
func TestStreamEnds(t *testing.T) {
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				granted := make(chan context.Context, 2)
				r.c.OnGrant(func(ctx context.Context, host string) {
					assert.Equal(t, "localhost", host)
					granted <- ctx
				})
				r.run()
				p := r.accept("localhost")
				first := receive(t, granted)
				require.NoError(t, first.Err())
				asked := []<-chan error{r.asks("a@localhost"), r.asks("b@localhost")}
				p.hears()
				p.hears()
				_, err := p.conn.Write([]byte(end))
				require.NoError(t, err)
				synctest.Wait()
				p.conn.Close()
				for _, err := range asked {
					require.ErrorIs(t, receive(t, err), ErrDisconnected)
				}
				synctest.Wait()
				assert.Empty(t, r.c.Served())
				assert.Error(t, first.Err())
				requireUntouched(t, r.c.window, windowSize)

				p = r.accept("localhost")
				again := r.asks("a@localhost")
				p.answer(p.hears(), "")
				require.NoError(t, receive(t, again))
				require.NoError(t, receive(t, granted).Err())
			})
		})
	}
}

// TestReconnect checks the pauses between attempts to connect. They grow while streams
// are short, and there is none after a long stream.
func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept()
		lost := func() (pause time.Duration) {
			p.conn.Close()
			ended := time.Now()
			p = r.accept()
			return time.Since(ended)
		}
		full := r.c.timing.backoff.min
		for range 2 {
			for range 10 {
				pause := lost()
				require.GreaterOrEqual(t, pause, full/2)
				require.LessOrEqual(t, pause, full)
				full = min(2*full, r.c.timing.backoff.max)
			}
			pass(r.c.timing.healthy)
			require.Zero(t, lost())
			full = 2 * r.c.timing.backoff.min // the backoff was reset
		}
	})
}

// TestReconnectAfterUse: streams on which a host has answered are replaced soon, however
// many are lost one after the other.
func TestReconnectAfterUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept("localhost")
		for range 20 {
			asked := r.asks("a@localhost")
			p.answer(p.hears(), "")
			require.NoError(t, receive(t, asked))
			p.conn.Close()
			ended := time.Now()
			p = r.accept("localhost")
			require.LessOrEqual(t, time.Since(ended), r.c.timing.backoff.min)
		}
	})
}

// TestWriteBlocked: the connection to a server that reads nothing any more counts as
// lost after a while.
func TestWriteBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.deaf()
		p.grant("localhost")
		asked := r.asks("a@localhost")
		require.ErrorIs(t, receive(t, asked), ErrDisconnected)
		p = r.accept("localhost")
		asked = r.asks("a@localhost")
		p.answer(p.hears(), "")
		require.NoError(t, receive(t, asked))
	})
}

// TestReadsWhileWriting: the server sends many requests before it reads a reply. The
// component reads all of them, and refuses those that are too many.
func TestReadsWhileWriting(t *testing.T) {
	const places, sent = 8, 100
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.pool = newPool(2 * places) // half of it for one requester
		release := make(chan struct{})
		name := xml.Name{Space: "urn:test", Local: "wait"}
		r.c.Handle(stanza.GetIQ, name, func(context.Context, Request) (xml.TokenReader, error) {
			<-release
			return nil, nil
		})
		r.run()
		p := r.deaf()
		for i := range sent {
			p.send(`<iq type='get' id='%d' from='user@localhost/r' to='emanagement.localhost'><wait xmlns='urn:test'/></iq>`, i)
		}
		synctest.Wait()
		p.listen()
		ids := make(map[string]bool)
		for range sent - places {
			e := p.hears()
			ids[e.Attrs["id"]] = true
			require.Len(t, e.Children, 2)
			assert.Equal(t, name, e.Children[0].Name)
			assert.Equal(t, "wait", e.Children[1].Attrs["type"])
			assert.Equal(t, "resource-constraint", e.Children[1].Children[0].Name.Local)
		}
		p.hearsNothing()
		close(release)
		for range places {
			e := p.hears()
			ids[e.Attrs["id"]] = true
			assert.Equal(t, "result", e.Attrs["type"])
		}
		assert.Len(t, ids, sent)
		p.hearsNothing()
	})
}

func TestSend(t *testing.T) {
	presence := func(attrs ...xml.Attr) xml.StartElement {
		return xml.StartElement{Name: xml.Name{Local: "presence"}, Attr: attrs}
	}
	attribute := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		to := attribute("to", "a@localhost")
		early := inBackground(func() error { return r.c.Send(t.Context(), presence(to), nil) })
		p := r.accept()
		require.NoError(t, receive(t, early), "it waited for the stream")
		assert.Equal(t, service, p.hears().Attrs["from"])

		require.NoError(t, r.c.Send(t.Context(), presence(attribute("from", "x@emanagement.localhost"), to), rosterQuery()))
		e := p.hears()
		assert.Equal(t, "x@emanagement.localhost", e.Attrs["from"])
		assert.Equal(t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, e.Children[0].Name)

		require.NoError(t, r.c.Send(t.Context(), presence(attribute("from", ""), to), nil))
		assert.Equal(t, service, p.hears().Attrs["from"])

		require.ErrorContains(t, r.c.Send(t.Context(), presence(), nil), "without to")
		require.Error(t, r.c.Send(t.Context(), presence(to), XML(make(chan int))), "cannot be marshalled")
		p.hearsNothing()
		require.NoError(t, r.c.Send(t.Context(), presence(to), nil), "the stream still works")
		p.hears()
	})
}

// TestSendLeavesStartAlone: several goroutines send one stanza and share its start tag,
// which Send does not change.
func TestSendLeavesStartAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept()
		start := xml.StartElement{Name: xml.Name{Local: "presence"}, Attr: make([]xml.Attr, 0, 4)}
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "to"}, Value: "a@localhost"})
		var sent []<-chan error
		for range 10 {
			sent = append(sent, inBackground(func() error { return r.c.Send(t.Context(), start, nil) }))
		}
		for _, err := range sent {
			require.NoError(t, receive(t, err))
			p.hears()
		}
		assert.Empty(t, start.Attr[:2][1], "not even beyond its end")
	})
}
