package component

import (
	"context"
	"encoding/xml"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/disco/items"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const (
	leak = "the password is 1234"
)

// handlers registers handlers of requests whose payload is an element of urn:test.
func handlers(c *Component) {
	for local, h := range map[string]Handler{
		"result": func(context.Context, Request) (xml.TokenReader, error) {
			return XML(struct {
				XMLName xml.Name `xml:"urn:test done"`
				Text    string   `xml:",chardata"`
			}{Text: "a<b\x01"}), nil
		},
		"nothing": func(context.Context, Request) (xml.TokenReader, error) { return nil, nil },
		"error":   func(context.Context, Request) (xml.TokenReader, error) { return nil, errors.New(leak) },
		"panic":   func(context.Context, Request) (xml.TokenReader, error) { panic(leak) },
		"refusal": func(context.Context, Request) (xml.TokenReader, error) { return nil, BadRequest("say more") },
		"specific": func(context.Context, Request) (xml.TokenReader, error) {
			return nil, &SpecificError{General: BadRequest("so not"), Specific: xml.Name{Space: "urn:test:errors", Local: "so-not"}}
		},
		"wrapped": func(context.Context, Request) (xml.TokenReader, error) {
			return nil, errors.Join(errors.New(leak), Refuse(stanza.Auth, stanza.Forbidden, ""))
		},
		"unwritable": func(context.Context, Request) (xml.TokenReader, error) { return XML(make(chan int)), nil },
		"echo": func(_ context.Context, r Request) (xml.TokenReader, error) {
			var said struct {
				XMLName xml.Name `xml:"urn:test said"`
				Text    string   `xml:",chardata"`
				From    string   `xml:"from,attr"`
			}
			said.From = r.Attr("me")
			var heard struct {
				Word string `xml:"word"`
			}
			err := r.Decode(&heard)
			said.Text = heard.Word
			return XML(said), err
		},
	} {
		if h != nil {
			c.Handle(stanza.SetIQ, xml.Name{Space: "urn:test", Local: local}, h)
		}
	}
	c.Discover([]string{"urn:test"}, func(_ Request, node string) (Node, error) {
		if node != "n" {
			return Node{}, Refuse(stanza.Cancel, stanza.ItemNotFound, "")
		}
		return Node{
			Identities: []info.Identity{{Category: "automation", Type: "command-node", Name: "N"}},
			Features:   []string{"urn:n"},
			Items:      []items.Item{{JID: jid.MustParse(service), Node: "below", Name: "B"}},
		}, nil
	})
}

// Error elements of refused requests.
const (
	noSuchThing = `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>such requests are not answered here</text></error>`
	oneChild    = `<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>a request has exactly one child element</text></error>`
	ours        = `<error type='wait'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>something went wrong here; the log of the component says what</text></error>`
)

// requests lists requests and their replies; "" if there must be none.
var requests = map[string]struct{ request, reply string }{
	"ping": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'/>`,
	},
	"ping of a resource": {
		`<iq type='get' id='1' from='user@remote.example/r' to='emanagement.localhost/x'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost/x' to='user@remote.example/r'/>`,
	},
	"version": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='jabber:iq:version'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='jabber:iq:version'><name>emanagement</name><version>1</version></query></iq>`,
	},
	"disco#info": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='component' type='generic' name='emanagement'/><feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/><feature var='urn:xmpp:ping'/><feature var='jabber:iq:version'/><feature var='urn:test'/></query></iq>`,
	},
	"disco#items": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
	},
	"disco#info of a node": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='http://jabber.org/protocol/disco#info' node='n'><identity category='automation' type='command-node' name='N'/><feature var='urn:n'/></query></iq>`,
	},
	"disco#items of a node": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='n'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='http://jabber.org/protocol/disco#items' node='n'><item jid='emanagement.localhost' node='below' name='B'/></query></iq>`,
	},
	"no such node": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='m'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><query xmlns='http://jabber.org/protocol/disco#items' node='m'/><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
	},
	"content both ways": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'> <echo xmlns='urn:test' me='a&amp;&apos;'><word>b&lt;c</word></echo> </iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><said xmlns='urn:test' from="a&amp;'">b&lt;c</said></iq>`,
	},
	"characters that XML does not allow": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><result xmlns='urn:test'/></iq>`,
		"<iq type='result' id='1' from='emanagement.localhost' to='user@localhost/r'><done xmlns='urn:test'>a&lt;b\uFFFD</done></iq>",
	},

	"no id":                   {`<iq type='get' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"no from":                 {`<iq type='get' id='1' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"from an invalid address": {`<iq type='get' id='1' from='@' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"no to":                   {`<iq type='get' id='1' from='user@localhost/r'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"to an invalid address":   {`<iq type='get' id='1' from='user@localhost/r' to='@'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"to another domain":       {`<iq type='get' id='1' from='user@localhost/r' to='other.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"to a domain below":       {`<iq type='get' id='1' from='user@localhost/r' to='x.emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"a result of nothing":     {`<iq type='result' id='em-1' from='user@localhost/r' to='emanagement.localhost'/>`, ""},
	"an error of nothing":     {`<iq type='error' id='em-1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, ""},
	"a message":               {`<message id='1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></message>`, ""},
	"a presence":              {`<presence from='user@localhost/r' to='emanagement.localhost'/>`, ""},
	"something else":          {`<ping xmlns='urn:xmpp:ping' id='1' from='user@localhost/r' to='emanagement.localhost'/>`, ""},

	"no child": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'/>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'>` + oneChild + `</iq>`,
	},
	"only white space": {
		"<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'>\n</iq>",
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'>` + oneChild + `</iq>`,
	},
	"two children": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/><pong xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><ping xmlns='urn:xmpp:ping'/>` + oneChild + `</iq>`,
	},
	"unknown payload": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><p:vCard xmlns:p='vcard-temp' p:x='1' y='2' xml:lang='en'><p:FN>f</p:FN></p:vCard></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><p:vCard xmlns:p='vcard-temp' p:x='1' y='2' xml:lang='en'/>` + noSuchThing + `</iq>`,
	},
	"payload of the stream's namespace": {
		`<iq type='get' id='1' from='user@localhost/r' to='emanagement.localhost'><body/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><body/>` + noSuchThing + `</iq>`,
	},
	"known payload of the other type": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><ping xmlns='urn:xmpp:ping'/>` + noSuchThing + `</iq>`,
	},
	"no type": {
		`<iq id='1' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><ping xmlns='urn:xmpp:ping'/>` + noSuchThing + `</iq>`,
	},
	"to an account": {
		`<iq type='get' id='1' from='user@localhost/r' to='somebody@emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='somebody@emanagement.localhost' to='user@localhost/r'><ping xmlns='urn:xmpp:ping'/>` + noSuchThing + `</iq>`,
	},

	"panic": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><panic xmlns='urn:test'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><panic xmlns='urn:test'/>` + ours + `</iq>`,
	},
	"ordinary error": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><error xmlns='urn:test' a='1'><b/></error></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><error xmlns='urn:test' a='1'/>` + ours + `</iq>`,
	},
	"a result that cannot be written": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><unwritable xmlns='urn:test'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><unwritable xmlns='urn:test'/>` + ours + `</iq>`,
	},
	"stanza error": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><refusal xmlns='urn:test'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><refusal xmlns='urn:test'/><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>say more</text></error></iq>`,
	},
	"stanza error among others": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><wrapped xmlns='urn:test'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><wrapped xmlns='urn:test'/><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
	},
	"specific error": {
		`<iq type='set' id='1' from='user@localhost/r' to='emanagement.localhost'><specific xmlns='urn:test'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@localhost/r'><specific xmlns='urn:test'/><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>so not</text><so-not xmlns='urn:test:errors'/></error></iq>`,
	},

	"bare JID of a host that grants access, empty result": {
		`<iq type='get' id='1' from='user@localhost' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='user@localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
	},
	"that host itself": {
		`<iq type='set' id='1' from='localhost' to='emanagement.localhost'><nothing xmlns='urn:test' a='1'><b/></nothing></iq>`,
		`<iq type='result' id='1' from='emanagement.localhost' to='localhost'><nothing xmlns='urn:test' a='1'/></iq>`,
	},
	"bare JID of a host that grants access, result with content": {
		`<iq type='set' id='1' from='user@localhost' to='emanagement.localhost'><result xmlns='urn:test'/></iq>`,
		"<iq type='result' id='1' from='emanagement.localhost' to='user@localhost'><done xmlns='urn:test'>a&lt;b\uFFFD</done></iq>",
	},
	"bare JID of another host": {
		`<iq type='get' id='1' from='user@remote.example' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='user@remote.example'><ping xmlns='urn:xmpp:ping'/><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>ask from a full JID (one with a resource): the server would drop the answer to user@remote.example</text></error></iq>`,
	},
	"another component": {
		`<iq type='get' id='1' from='web.localhost' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
		`<iq type='error' id='1' from='emanagement.localhost' to='web.localhost'><ping xmlns='urn:xmpp:ping'/><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>ask from a full JID (one with a resource): the server would drop the answer to web.localhost</text></error></iq>`,
	},
}

func TestRequests(t *testing.T) {
	for name, test := range requests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				handlers(r.c)
				r.run()
				p := r.accept("localhost")
				// Not send, which would take a percent sign for a formatting verb.
				_, err := p.conn.Write([]byte(test.request))
				require.NoError(t, err)
				if test.reply == "" {
					p.hearsNothing()
				} else {
					want, err := parse(test.reply)
					require.NoError(t, err)
					got := p.hears()
					assert.NotContains(t, got.raw, leak)
					got.raw, want.raw = "", ""
					assert.Equal(t, want, got)
				}
				p.send(`<iq type='get' id='2' from='user@localhost/r' to='emanagement.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
				assert.Equal(t, "2", p.hears().Attrs["id"], "one reply, and the stream still works")
				p.hearsNothing()
			})
		})
	}
}
