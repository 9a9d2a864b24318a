package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// TestAskWaits: a request waits for the stream and for the host's grant.
func TestAskWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "localhost", "example.org")
		r.run()
		asked := r.asks("a@localhost")
		synctest.Wait()
		p := r.accept("example.org")
		p.hearsNothing()
		pass(r.c.timing.grant / 2)
		p.hearsNothing()
		p.grant("localhost")
		e := p.hears()
		assert.Equal(t, map[string]string{"type": "get", "id": e.Attrs["id"], "from": service, "to": "a@localhost"}, e.Attrs)
		require.Len(t, e.Children, 1)
		assert.Equal(t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, e.Children[0].Name)
		p.answer(e, "<query xmlns='jabber:iq:roster'/>")
		require.NoError(t, receive(t, asked))
		assert.Equal(t, []string{"example.org", "localhost"}, r.c.Served())
		requireUntouched(t, r.c.window, windowSize)
	})
}

// TestAskCancelled: a request ends with its context, at every stage.
func TestAskCancelled(t *testing.T) {
	for name, reach := range map[string]func(r *rig){
		"no stream": func(*rig) {},
		"no grant":  func(r *rig) { r.accept() },
		"no slot": func(r *rig) {
			for range windowSize {
				_, err := r.c.window.acquire(r.t.Context(), "example.org", "")
				require.NoError(r.t, err)
			}
			r.accept("localhost")
		},
		"no answer": func(r *rig) { r.accept("localhost").hears() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				ctx, cancel := context.WithCancelCause(t.Context())
				asked := inBackground(func() error {
					return r.c.Ask(ctx, stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), nil)
				})
				reach(r)
				synctest.Wait()
				cancel(errGivenUp)
				began := time.Now()
				require.ErrorIs(t, receive(t, asked), errGivenUp)
				assert.Zero(t, time.Since(began))
				assert.NotContains(t, r.c.window.hosts, "localhost")
			})
		})
	}
}

// TestNotGranted: a host is refused if it grants no access, and if the configuration
// leaves it out.
func TestNotGranted(t *testing.T) {
	refused := func(t *testing.T, asked <-chan error, away bool, host string, served ...string) {
		var refusal *NotGrantedError
		require.ErrorAs(t, receive(t, asked), &refusal)
		require.Equal(t, NotGrantedError{Host: host, Served: served, Away: away}, *refusal)
	}
	t.Run("no host", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "localhost", "example.org")
			r.run()
			asked := r.asks("a@localhost")
			p := r.accept()
			refused(t, asked, true, "localhost")
			synctest.Wait()
			assert.Len(t, r.log.with("ERROR", "no access granted"), 2)
			p.grant("example.org")
			began := time.Now()
			refused(t, r.asks("a@localhost"), true, "localhost", "example.org")
			assert.Zero(t, time.Since(began), "the wait for a missing grant is not repeated")
			p.hearsNothing()
		})
	})
	t.Run("one host", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "localhost", "example.org")
			r.run()
			asked := r.asks("a@localhost")
			p := r.accept("example.org")
			refused(t, asked, true, "localhost", "example.org")
			synctest.Wait()
			assert.Len(t, r.log.with("ERROR", "no access granted", "host=localhost"), 1)
			assert.Empty(t, r.log.with("ERROR", "host=example.org"))
			p.hearsNothing()
		})
	})
	t.Run("left out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "localhost")
			r.c.OnGrant(func(_ context.Context, host string) { assert.Equal(t, "localhost", host) })
			r.run()
			p := r.accept("example.org", "localhost")
			assert.Equal(t, []string{"localhost"}, r.c.Served())
			assert.Len(t, r.log.with("INFO", "is not served", "host=example.org"), 1)
			refused(t, r.asks("a@example.org"), false, "example.org", "localhost")
			p.hearsNothing()
		})
	})
	t.Run("no rosters", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.run()
			p := r.accept()
			p.send(`<message to='emanagement.localhost' from='localhost'><privilege xmlns='urn:xmpp:privilege:2'><perm type='get' access='roster'/></privilege></message>`)
			synctest.Wait()
			assert.Len(t, r.log.with("WARN", "cannot be managed", "host=localhost"), 1)
			p.grant("localhost")
			assert.Len(t, r.log.with("granted"), 1, "the second grant of a host is not logged")
		})
	})
}

// TestAnswers checks the result of a request for each kind of answer.
func TestAnswers(t *testing.T) {
	type roster struct {
		XMLName xml.Name `xml:"jabber:iq:roster query"`
		Items   []struct {
			JID string `xml:"jid,attr"`
		} `xml:"item"`
	}
	for name, test := range map[string]struct {
		typ, inner string
		check      func(t *testing.T, r roster, err error)
	}{
		"items": {"result", " <query xmlns='jabber:iq:roster'><item jid='b@localhost'/></query>", func(t *testing.T, r roster, err error) {
			require.NoError(t, err)
			require.Len(t, r.Items, 1)
			assert.Equal(t, "b@localhost", r.Items[0].JID)
		}},
		"nothing": {"result", "", func(t *testing.T, r roster, err error) {
			require.NoError(t, err)
			assert.Equal(t, roster{}, r)
		}},
		"something else": {"result", "<vCard xmlns='vcard-temp'/>", func(t *testing.T, _ roster, err error) {
			require.ErrorContains(t, err, "cannot be read")
			assert.Empty(t, Condition(err))
		}},
		"error": {"error", "<query xmlns='jabber:iq:roster'/><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text></error>", func(t *testing.T, _ roster, err error) {
			require.ErrorIs(t, err, stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound})
			assert.Equal(t, "no", err.Error())
			assert.Equal(t, stanza.ItemNotFound, Condition(fmt.Errorf("wrapped: %w", err)))
		}},
		"error with white space": {"error", "\n <query xmlns='jabber:iq:roster'>\n </query>\n <error type='auth'>\n <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\n </error>\n", func(t *testing.T, _ roster, err error) {
			assert.Equal(t, stanza.Forbidden, Condition(err))
		}},
		"error without a condition": {"error", "<query xmlns='jabber:iq:roster'/>", func(t *testing.T, _ roster, err error) {
			require.ErrorContains(t, err, "cannot be read")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.run()
				p := r.accept("localhost")
				var got roster
				asked := inBackground(func() error {
					return r.c.Ask(t.Context(), stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), &got)
				})
				p.send("<iq type='%s' id='%s' from='a@localhost' to='emanagement.localhost'>%s</iq>", test.typ, p.hears().Attrs["id"], test.inner)
				test.check(t, got, receive(t, asked))
				requireUntouched(t, r.c.window, windowSize)
			})
		})
	}
}

// TestContent: an answer that is not decoded can be read more than once.
func TestContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept("localhost")
		var content Content
		asked := inBackground(func() error {
			return r.c.Ask(t.Context(), stanza.GetIQ, jid.MustParse("a@localhost"), rosterQuery(), &content)
		})
		p.answer(p.hears(), "<query xmlns='jabber:iq:roster'><item jid='b@localhost'/></query>")
		require.NoError(t, receive(t, asked))
		for range 2 {
			tokens, err := xmlstream.ReadAll(content.Tokens())
			require.NoError(t, err)
			require.Len(t, tokens, 4)
			assert.Equal(t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, tokens[0].(xml.StartElement).Name)
			assert.Equal(t, "b@localhost", attr(tokens[1].(xml.StartElement), "jid"))
		}
	})
}

// TestAnswersTooLateOrFromOthers: only the recipient of a request can answer it, and
// only in time.
func TestAnswersTooLateOrFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept("localhost")
		asked, began := r.asks("a@localhost"), time.Now()
		e := p.hears()
		for _, from := range []string{"b@localhost", "a@localhost/r", "localhost", "A@localhost", ""} {
			other := e
			other.Attrs = map[string]string{"id": e.Attrs["id"], "to": from, "from": service}
			p.answer(other, "")
		}
		p.send("<iq type='result' id='x' from='a@localhost' to='emanagement.localhost'/>")
		synctest.Wait()
		assert.Len(t, r.log.with("no pending request"), 6)
		var late *TimeoutError
		require.ErrorAs(t, receive(t, asked), &late)
		assert.Equal(t, TimeoutError{To: "a@localhost", After: r.c.timing.reply}, *late)
		assert.Equal(t, r.c.timing.reply, time.Since(began))

		p.answer(e, "")
		synctest.Wait()
		assert.Len(t, r.log.with("no pending request"), 7)
		assert.Equal(t, "emanagement-watch@localhost", p.hears().Attrs["to"])
		again := r.asks("a@localhost")
		next := p.hears()
		assert.NotEqual(t, e.Attrs["id"], next.Attrs["id"])
		p.answer(e, "")
		p.answer(next, "")
		p.answer(next, "")
		require.NoError(t, receive(t, again))
		requireUntouched(t, r.c.window, windowSize)
		p.hearsNothing()
	})
}

// TestIDsOfStreams: requests on different streams to the same address have different
// ids. The server may send the reply to the first one late, on the second stream. It
// must not be taken for the reply to the second one.
func TestIDsOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		ids := make(map[string]bool)
		for i := range 20 {
			p := r.accept("localhost")
			asked := r.asks("a@localhost")
			id := p.hears().Attrs["id"]
			require.False(t, ids[id], "%s on stream %d again", id, i)
			ids[id] = true
			p.conn.Close()
			require.ErrorIs(t, receive(t, asked), ErrDisconnected)
		}
	})
}

// TestSlowHost: a host that leaves a whole window of requests unanswered gets the
// window for a moment only.
func TestSlowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "localhost", "silent.example")
		r.run()
		p := r.accept("localhost", "silent.example")
		var unanswered []<-chan error
		for range 2 * windowSize {
			unanswered = append(unanswered, r.asks("a@silent.example"))
		}
		for range windowSize {
			assert.Equal(t, "a@silent.example", p.hears().Attrs["to"])
		}
		asked := r.asks("a@localhost")
		p.hearsNothing()
		pass(r.c.timing.slow)
		synctest.Wait()
		to := map[string]int{}
		for len(p.got) > 0 {
			e := p.hears()
			to[e.Attrs["to"]]++
			if e.Attrs["to"] == "a@localhost" {
				p.answer(e, "")
			}
		}
		assert.Equal(t, map[string]int{"a@localhost": 1, "emanagement-watch@silent.example": 1}, to, "the slow host gets no further requests, and one probe")
		require.NoError(t, receive(t, asked))
		for _, err := range unanswered {
			require.ErrorAs(t, receive(t, err), new(*TimeoutError))
		}
	})
}

// TestSlotIsNoWaitingRoom: the requests to a host whose grant is missing after a
// reconnect wait without a slot.
func TestSlotIsNoWaitingRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "localhost", "lost.example")
		r.c.window = newWindow(1)
		r.run()
		p := r.accept("localhost", "lost.example")
		lost := []<-chan error{r.asks("a@lost.example"), r.asks("b@lost.example")}
		p.hears()
		p.conn.Close()

		p = r.accept("localhost")
		asked := r.asks("a@localhost")
		synctest.Wait()
		require.Len(t, p.got, 1, "it does not wait for the grant of the other host")
		p.answer(p.hears(), "")
		require.NoError(t, receive(t, asked))
		p.grant("lost.example")
		p.answer(p.hears(), "")
		results := []error{receive(t, lost[0]), receive(t, lost[1])}
		assert.Contains(t, results, nil)
		assert.ErrorIs(t, errors.Join(results...), ErrDisconnected)
		requireUntouched(t, r.c.window, 1)
	})
}
