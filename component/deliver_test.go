package component

import (
	"context"
	"encoding/xml"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// delivers delivers a chat message in the background.
func (r *rig) delivers(ctx context.Context, to, via string) <-chan error {
	return inBackground(func() error { return r.c.Deliver(ctx, messageTo(to), bodyText("hi"), via, 0) })
}

func messageTo(to string) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{{Name: xml.Name{Local: "to"}, Value: to}}}
}

func bodyText(s string) xml.TokenReader {
	return xmlstream.Wrap(xmlstream.Token(xml.CharData(s)), xml.StartElement{Name: xml.Name{Local: "body"}})
}

// hearsMessage returns a message and the probe that follows it.
func (p *peer) hearsMessage() (message, probe element) {
	p.t.Helper()
	message, probe = p.hears(), p.hears()
	require.Equal(p.t, "message", message.Name.Local)
	require.Equal(p.t, "iq", probe.Name.Local)
	require.Equal(p.t, "get", probe.Attrs["type"])
	require.Equal(p.t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, probe.Children[0].Name)
	return message, probe
}

// refuses returns a stanza to its sender with an error.
func (p *peer) refuses(e element, from, condition string) {
	p.t.Helper()
	p.send("<%s type='error' id='%s' from='%s' to='%s'><body>hi</body><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></%s>",
		e.Name.Local, e.Attrs["id"], from, e.Attrs["from"], condition, e.Name.Local)
}

func TestDeliver(t *testing.T) {
	const to = "a@far.example"
	for name, test := range map[string]struct {
		server func(p *peer, message, probe element)
		want   stanza.Condition // "" for none
	}{
		"taken":                {func(p *peer, _, probe element) { p.answer(probe, "<query xmlns='jabber:iq:roster'/>") }, ""},
		"the probe is refused": {func(p *peer, _, probe element) { p.refuses(probe, probe.Attrs["to"], "forbidden") }, ""},
		"refused": {func(p *peer, message, probe element) {
			p.refuses(message, to, "service-unavailable")
			p.answer(probe, "")
		}, stanza.ServiceUnavailable},
		"refused too late": {func(p *peer, message, probe element) {
			p.answer(probe, "")
			synctest.Wait()
			p.refuses(message, to, "remote-server-not-found")
		}, ""},
		"refused by others": {func(p *peer, message, probe element) {
			for _, from := range []string{"b@far.example", "far.example", to + "/r", service, ""} {
				p.refuses(message, from, "service-unavailable")
			}
			p.answer(probe, "")
		}, ""},
		"other kinds of stanza with that id": {func(p *peer, message, probe element) {
			for _, kind := range []string{"iq", "presence"} {
				other := message
				other.Name.Local = kind
				p.refuses(other, to, "service-unavailable")
			}
			p.send("<iq type='result' id='%s' from='%s' to='%s'/>", message.Attrs["id"], to, service)
			p.answer(probe, "")
		}, ""},
		"an answer by message": {func(p *peer, message, probe element) {
			p.send("<message type='chat' id='%s' from='%s' to='%s'><body>re</body></message>", message.Attrs["id"], to, service)
			p.answer(probe, "")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.accept("localhost")
				delivered := r.delivers(t.Context(), to, "localhost")
				message, probe := p.hearsMessage()
				assert.Equal(t, map[string]string{"from": service, "to": to, "id": message.Attrs["id"]}, message.Attrs)
				assert.NotEmpty(t, message.Attrs["id"])
				assert.NotEqual(t, probe.Attrs["id"], message.Attrs["id"])
				assert.Equal(t, "localhost", jid.MustParse(probe.Attrs["to"]).Domainpart())
				test.server(p, message, probe)
				err := receive(t, delivered)
				assert.Equal(t, test.want, Condition(err))
				assert.Equal(t, test.want == "", err == nil, err)
				assert.NotErrorIs(t, err, ErrUnconfirmed)
				synctest.Wait()
				p.hearsNothing()
				requireUntouched(t, r.c.window, windowSize)
			})
		})
	}
}

// TestDeliverOnce: whatever fails around a message, it is sent once or not at all, and
// the error says which.
func TestDeliverOnce(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(r *rig, p *peer, cancel func())
		want    error
	}{
		"the stream is lost": {func(_ *rig, p *peer, _ func()) { p.conn.Close() }, ErrDisconnected},
		"no answer":          {func(r *rig, _ *peer, _ func()) { pass(r.c.timing.reply) }, nil},
		"the context ends":   {func(_ *rig, _ *peer, cancel func()) { cancel() }, errGivenUp},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.accept("localhost")
				ctx, cancel := context.WithCancelCause(t.Context())
				delivered := r.delivers(ctx, "a@localhost", "localhost")
				p.hearsMessage()
				test.happens(r, p, func() { cancel(errGivenUp) })
				err := receive(t, delivered)
				require.ErrorIs(t, err, ErrUnconfirmed)
				if test.want != nil {
					require.ErrorIs(t, err, test.want)
				} else {
					require.ErrorAs(t, err, new(*TimeoutError))
				}
				if errors.Is(err, ErrDisconnected) {
					p = r.accept("localhost")
				}
				p.hearsNothing()
			})
		})
	}
}

// TestDeliverNothing: an error before the message is sent does not wrap ErrUnconfirmed.
func TestDeliverNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "localhost", "example.org")
		r.run()
		ctx, cancel := context.WithCancelCause(t.Context())
		delivered := r.delivers(ctx, "a@localhost", "localhost")
		synctest.Wait()
		cancel(errGivenUp)
		err := receive(t, delivered)
		require.ErrorIs(t, err, errGivenUp)
		require.NotErrorIs(t, err, ErrUnconfirmed)

		refused := r.delivers(t.Context(), "a@localhost", "localhost")
		p := r.accept("example.org")
		err = receive(t, refused)
		require.ErrorAs(t, err, new(*NotGrantedError))
		require.NotErrorIs(t, err, ErrUnconfirmed)

		for _, broken := range []error{
			r.c.Deliver(t.Context(), messageTo(""), nil, "example.org", 0),
			r.c.Deliver(t.Context(), messageTo("a@localhost"), xmlstream.ReaderFunc(func() (xml.Token, error) { return nil, errGivenUp }), "example.org", 0),
			r.c.Deliver(t.Context(), messageTo("a@localhost"), nil, "no host", 0),
		} {
			require.Error(t, broken)
			require.NotErrorIs(t, broken, ErrUnconfirmed)
		}
		p.hearsNothing()
		requireUntouched(t, r.c.window, windowSize)
	})
}

// TestRefusalIsNoSignOfPrivileges: a host that only returns messages has not shown that
// it still answers.
func TestRefusalIsNoSignOfPrivileges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		l, p := r.link()
		go l.read(l.dispatchReply)
		id, refusal := l.expect("message", "localhost")
		p.send("<message type='error' id='%s' from='localhost' to='%s'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>", id, service)
		in := receive(t, refusal.reply)
		assert.Equal(t, stanza.ItemNotFound, Condition(in.stanzaError()))
		assert.False(t, l.repliedSince("localhost", time.Time{}))
		assert.Empty(t, l.pending)
	})
}

// TestPresences: only presences that want an answer are handled.
func TestPresences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := make(chan stanza.Presence, 10)
		r.c.OnPresence(func(ctx context.Context, p stanza.Presence) {
			assert.NoError(t, ctx.Err())
			got <- p
			if p.To.Localpart() == "panics" {
				panic("as told")
			}
		})
		r.run()
		p := r.accept("localhost")
		for _, typ := range []string{"", "unavailable", "subscribed", "unsubscribed", "error", "nonsense"} {
			p.send("<presence type='%s' from='a@localhost/r' to='name@%s'/>", typ, service)
		}
		for _, to := range []string{"name@localhost", "localhost", "@", ""} {
			p.send("<presence type='probe' from='a@localhost/r' to='%s'/>", to)
		}
		for _, typ := range []string{"subscribe", "unsubscribe", "probe"} {
			p.send("<presence type='%s' from='a@localhost/r' to='panics@%s'><status/>text</presence>", typ, service)
			next := receive(t, got)
			assert.Equal(t, stanza.PresenceType(typ), next.Type)
			assert.Equal(t, "a@localhost/r", next.From.String())
			assert.Equal(t, "panics@"+service, next.To.String())
		}
		synctest.Wait()
		assert.Empty(t, got)
		assert.Len(t, r.log.with("ERROR", "panicked"), 3)
		p.hearsNothing()
	})
}

// TestLateRefusal: an error of the recipient's session that comes after the answer to
// the probe counts for a while.
func TestLateRefusal(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  bool
	}{"in time": {time.Second / 2, true}, "too late": {2 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.accept("localhost")
				delivered := inBackground(func() error {
					return r.c.Deliver(t.Context(), messageTo("a@localhost"), bodyText("hi"), "localhost", time.Second)
				})
				m := p.hears()
				p.answer(p.hears(), "")
				synctest.Wait()
				assert.Empty(t, r.c.window.hosts, "the slot is free already")
				pass(test.after)
				p.send("<message type='error' id='%s' from='a@localhost' to='%s'><error type='modify'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>", m.Attrs["id"], service)
				err := receive(t, delivered)
				assert.Equal(t, test.want, Condition(err) == stanza.PolicyViolation, err)
			})
		})
	}
}
