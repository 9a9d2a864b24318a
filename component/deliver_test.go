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

// delivers sends a chat message to somebody in the background.
func (r *rig) delivers(ctx context.Context, to, via string) <-chan error {
	return inBackground(func() error { return r.c.Deliver(ctx, messageTo(to), bodyText("hi"), via, 0) })
}

func messageTo(to string) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: "message"}, Attr: []xml.Attr{{Name: xml.Name{Local: "to"}, Value: to}}}
}

func bodyText(s string) xml.TokenReader {
	return xmlstream.Wrap(xmlstream.Token(xml.CharData(s)), xml.StartElement{Name: xml.Name{Local: "body"}})
}

// hearsMessage takes a message and the question that follows it.
func (p *peer) hearsMessage() (message, question element) {
	p.t.Helper()
	message, question = p.hears(), p.hears()
	require.Equal(p.t, "message", message.Name.Local)
	require.Equal(p.t, "iq", question.Name.Local)
	require.Equal(p.t, "get", question.Attrs["type"])
	require.Equal(p.t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, question.Children[0].Name)
	return message, question
}

// gives back a message with an error.
func (p *peer) refuses(e element, from, condition string) {
	p.t.Helper()
	p.send("<%s type='error' id='%s' from='%s' to='%s'><body>hi</body><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></%s>",
		e.Name.Local, e.Attrs["id"], from, e.Attrs["from"], condition, e.Name.Local)
}

func TestDeliver(t *testing.T) {
	const to = "a@far.example"
	for name, test := range map[string]struct {
		server func(p *peer, message, question element)
		want   stanza.Condition // "" for none
	}{
		"taken":                   {func(p *peer, _, question element) { p.answer(question, "<query xmlns='jabber:iq:roster'/>") }, ""},
		"the question is refused": {func(p *peer, _, question element) { p.refuses(question, question.Attrs["to"], "forbidden") }, ""},
		"refused": {func(p *peer, message, question element) {
			p.refuses(message, to, "service-unavailable")
			p.answer(question, "")
		}, stanza.ServiceUnavailable},
		"refused too late": {func(p *peer, message, question element) {
			p.answer(question, "")
			synctest.Wait()
			p.refuses(message, to, "remote-server-not-found")
		}, ""},
		"refused by others": {func(p *peer, message, question element) {
			for _, from := range []string{"b@far.example", "far.example", to + "/r", service, ""} {
				p.refuses(message, from, "service-unavailable")
			}
			p.answer(question, "")
		}, ""},
		"other kinds of stanza with that id": {func(p *peer, message, question element) {
			for _, kind := range []string{"iq", "presence"} {
				other := message
				other.Name.Local = kind
				p.refuses(other, to, "service-unavailable")
			}
			p.send("<iq type='result' id='%s' from='%s' to='%s'/>", message.Attrs["id"], to, service)
			p.answer(question, "")
		}, ""},
		"an answer by message": {func(p *peer, message, question element) {
			p.send("<message type='chat' id='%s' from='%s' to='%s'><body>re</body></message>", message.Attrs["id"], to, service)
			p.answer(question, "")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.accept("localhost")
				delivered := r.delivers(t.Context(), to, "localhost")
				message, question := p.hearsMessage()
				assert.Equal(t, map[string]string{"from": service, "to": to, "id": message.Attrs["id"]}, message.Attrs)
				assert.NotEmpty(t, message.Attrs["id"])
				assert.NotEqual(t, question.Attrs["id"], message.Attrs["id"])
				assert.Equal(t, "localhost", jid.MustParse(question.Attrs["to"]).Domainpart())
				test.server(p, message, question)
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

// TestDeliverOnce has everything go wrong around a message: it is sent once or
// not at all, and the error says which.
func TestDeliverOnce(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(r *rig, p *peer, cancel func())
		want    error
	}{
		"the stream is lost":  {func(_ *rig, p *peer, _ func()) { p.conn.Close() }, ErrDisconnected},
		"nobody answers":      {func(r *rig, _ *peer, _ func()) { pass(r.c.timing.ask) }, nil},
		"the asker goes away": {func(_ *rig, _ *peer, cancel func()) { cancel() }, errGivenUp},
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
	t.Run("before it is sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
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
	})
}

// TestRefusalIsNoSignOfPrivileges: a host that only gives messages back has
// not shown that it still answers.
func TestRefusalIsNoSignOfPrivileges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		l, p := r.link()
		go l.read(l.resolve)
		id, refusal := l.expect("message", "localhost")
		p.send("<message type='error' id='%s' from='localhost' to='%s'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>", id, service)
		in := receive(t, refusal.reply)
		assert.Equal(t, stanza.ItemNotFound, Condition(in.stanzaError()))
		assert.False(t, l.heardSince("localhost", time.Time{}))
		assert.Empty(t, l.pending)
	})
}

// TestPresences hands on those that want an answer and no others.
func TestPresences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		got := make(chan stanza.Presence, 10)
		r.c.OnPresence(func(ctx context.Context, p stanza.Presence) {
			assert.NoError(t, ctx.Err())
			got <- p
			if p.To.Localpart() == "panics" {
				panic("as it was told")
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

// TestLateRefusal: an error of the recipient's session comes after the server has
// answered the question, and counts for a while.
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
				assert.Empty(t, r.c.window.hosts, "nobody waits for its slot")
				pass(test.after)
				p.send("<message type='error' id='%s' from='a@localhost' to='%s'><error type='modify'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>", m.Attrs["id"], service)
				err := receive(t, delivered)
				assert.Equal(t, test.want, Condition(err) == stanza.PolicyViolation, err)
			})
		})
	}
}
