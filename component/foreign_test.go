package component

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/stanza"
)

// foreign lists content of stanzas with the namespace of the stream's own elements. It
// is content all the same (RFC 6120 §8.4).
var foreign = []string{
	`<error xmlns='http://etherx.jabber.org/streams'/>`,
	`<error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>`,
	`<x xmlns='urn:x'><y><stream:error xmlns:stream='http://etherx.jabber.org/streams'/></y></x>`,
	`<stream xmlns='http://etherx.jabber.org/streams'/>`,
	`<features xmlns='http://etherx.jabber.org/streams'/>`,
	`<x><![CDATA[</message></stream:stream>]]></x>`,
}

// TestForeignContent: no content of a stanza ends the stream.
func TestForeignContent(t *testing.T) {
	for _, content := range foreign {
		for _, kind := range []string{"message", "presence", "iq type='get' id='1'", "iq type='result' id='2'", "iq type='error' id='3'", "message type='error'"} {
			t.Run(kind+" "+content, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					r.run()
					p := r.accept("localhost")
					name, _, _ := strings.Cut(kind, " ")
					p.send("<%s from='any@localhost/one' to='name@%s'>%s</%s>", kind, service, content, name)
					asked := r.asks("a@localhost")
					for {
						e := p.hears()
						if e.Attrs["type"] == "get" {
							p.answer(e, "")
							break
						}
						assert.Equal(t, "error", e.Attrs["type"], "a request with this content is refused")
					}
					require.NoError(t, receive(t, asked))
					assert.Empty(t, r.log.with("stream ended"))
				})
			})
		}
	}
}

// TestStreamError: a stream error that is a child of the root ends the stream, and is the
// cause of its end.
func TestStreamError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		p := r.accept("localhost")
		p.send("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
		p.conn.Close()
		r.accept("localhost")
		assert.Len(t, r.log.with("stream ended", "system-shutdown"), 1)
	})
}

// TestDamagedAnswer: characters that XML does not allow damage no other answer.
func TestDamagedAnswer(t *testing.T) {
	for _, nick := range []string{"Be\x01n", "\xD0\x9A\x61\xD0", "&#0;"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.run()
			p := r.accept("localhost")
			var content Content
			asked := inBackground(func() error {
				return r.c.Ask(t.Context(), stanza.GetIQ, exactly(t, "a@localhost"), rosterQuery(), &content)
			})
			p.answer(p.hears(), "<query xmlns='jabber:iq:roster'><item jid='b@localhost' name='"+strings.ReplaceAll(nick, "%", "%%")+"'/></query>")
			require.NoError(t, receive(t, asked))
			assert.True(t, content.Damaged())
			other := r.asks("b@localhost")
			p.answer(p.hears(), "")
			require.NoError(t, receive(t, other))
		})
	}
}

// TestOddRequesters: accounts whose names today's rules do not allow are answered (RFC
// 6120 §8.2.3), at exactly the address that the server uses.
func TestOddRequesters(t *testing.T) {
	for _, from := range []string{"♥@localhost/r", "x²@localhost/r", "a@chat_server/r", "a@xn--bcher-kva.example/r", "a@example.com./r", "chat_server/r", "a@r3---sn.example/ r "} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.run()
			p := r.accept("localhost")
			p.send("<iq type='get' id='1' from='%s' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", from, service)
			e := p.hears()
			assert.Equal(t, "result", e.Attrs["type"])
			assert.Equal(t, from, e.Attrs["to"])
		})
	}
}

// TestSpelling: requests to a host use the server's spelling, for every spelling that a
// caller uses.
func TestSpelling(t *testing.T) {
	for host, others := range map[string][]string{
		"xn--bcher-kva.example": {"bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"},
		"bücher.example":        {"xn--bcher-kva.example"},
		"example.com.":          {"example.com", "Example.COM"},
		"chat_server":           {"Chat_Server"},
		"r3---sn.example":       {"r3---sn.example"},
		"im.xn--pl-wia.net":     {"im.plä.net"},
	} {
		t.Run(host, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, others[0])
				r.run()
				p := r.accept(host)
				for _, typed := range others {
					assert.Equal(t, host, r.c.Spelling(typed))
					asked := inBackground(func() error {
						return r.c.Ask(t.Context(), stanza.GetIQ, exactly(t, "a@"+typed), rosterQuery(), nil)
					})
					e := p.hears()
					assert.Equal(t, "a@"+host, e.Attrs["to"])
					p.answer(e, "")
					require.NoError(t, receive(t, asked))
				}
				hosts, err := r.c.Hosts(t.Context())
				require.NoError(t, err)
				assert.Equal(t, []string{host}, hosts)
			})
		})
	}
}

// TestUnreadableGrants: the log names the host of a grant that cannot be read, and other
// hosts are served. Anybody can send such a message, and that is no error: it is not read.
func TestUnreadableGrants(t *testing.T) {
	for from, line := range map[string][2]string{
		"localhost":   {"ERROR", "a grant cannot be read"},
		"a@localhost": {"DEBUG", "a grant was dropped"},
		"localhost/r": {"DEBUG", "a grant was dropped"},
		"":            {"DEBUG", "a grant was dropped"},
		"far.example": {"INFO", "is not served"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "localhost", "example.org")
			r.run()
			p := r.accept("example.org")
			p.send(`<message to='%s' from='%s'><privilege xmlns='urn:xmpp:privilege:2'/></message>`, service, from)
			asked := r.asks("a@example.org")
			p.answer(p.hears(), "")
			require.NoError(t, receive(t, asked))
			assert.Len(t, r.log.with(line[0], line[1], "="+from), 1, from)
			assert.Equal(t, []string{"example.org"}, r.c.Served())
		})
	}
}

// TestStrangersGrant: domains that Config.Hosts leaves out announce grants. None of them
// is served, and each leaves one line, up to a limit.
func TestStrangersGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "localhost")
		r.c.OnGrant(func(_ context.Context, host string) { assert.Equal(t, "localhost", host) })
		r.run()
		p := r.accept("far.example", "localhost", "far.example", "localhost.far.example")
		for i := range 2 * maxExcluded {
			p.grant(fmt.Sprintf("far%d.example", i))
		}
		assert.Equal(t, []string{"localhost"}, r.c.Served())
		assert.Len(t, r.log.with("INFO", "is not served", "host=far.example", "only these hosts are served: localhost"), 1)
		assert.Len(t, r.log.with("is not served"), maxExcluded)
		for _, host := range []string{"far.example", "localhost.far.example", "far0.example"} {
			require.ErrorAs(t, receive(t, r.asks("a@"+host)), new(*NotGrantedError))
		}
		p.hearsNothing()
	})
}

// TestOnlyOthersGrant: if the configuration leaves out the only host that grants access,
// the log says so.
func TestOnlyOthersGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "exmaple.org")
		r.run()
		r.accept("example.org")
		pass(r.c.timing.grant)
		synctest.Wait()
		assert.Len(t, r.log.with("ERROR", "host=exmaple.org", "though by others", "granted_by=example.org"), 1)
		assert.Len(t, r.log.with("ERROR"), 1)
		assert.Len(t, r.log.with("INFO", "host=example.org", "only these hosts are served: exmaple.org"), 1)
	})
}
