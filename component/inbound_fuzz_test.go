package component

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
	"emanagement/xmpp/framing"
)

// sink is a connection that keeps what is written to it.
type sink struct {
	net.Conn
	kept bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) { return s.kept.Write(b) }

// FuzzInbound: whatever a stanza holds, it is read as encoding/xml reads it. If it is a
// request that can be answered, it gets one answer, which is one well-formed stanza: any
// other would make the server end the stream.
func FuzzInbound(f *testing.F) {
	for _, seed := range []string{
		"<iq type='get' id='1' from='a@b/c' to='" + service + "'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>",
		"<iq type='get' id='&#10;' from='a@b' to='x@" + service + "/y'><ping xmlns='urn:xmpp:ping' a='1' b:c='2' xml:lang='en' xmlns:b='urn:b'/></iq>",
		"<iq type='set' id='1' from='♥@b' to='" + service + "'><a:b/><c/></iq>",
		"<iq type='set' id='1' from='a@b/c' to='" + service + "'><a:b x:y='1' xmlns:x='urn:x' xmlns:z='urn:x' z:y='2'>\x01</a:b></iq>",
		"<iq type='get' id='1' from='a@b/c' to='" + service + "'><xml:a/></iq>",
		"<iq type='get' id='1' from='a@b/c' to='" + service + "'><a:1 xmlns:a='urn:a' :b='2'/></iq>",
		"<iq type='get' id='1' from='a@b/c' to='" + service + "'><a: b:='1'/></iq>",
		"<iq type='error' id='1'>text<error type='wait' by='a@b'>text<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xml:lang='de' xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>x</text>more</error></iq>",
		"<message type='error'><error><x/></error></message><message type='error'><error type='no'",
		"<message from='b'><privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/><perm access='iq'/><perm access='x' type='none'/></privilege></message>",
		"<message from='b'><privilege xmlns='urn:xmpp:privilege:1'><perm/></privilege></message><message from='a@b'><privilege xmlns='urn:xmpp:privilege:2'/></message>",
		"<message from='a@b/c' to='" + service + "'><body>1<b>2</b>3</body><body>4</body><x><body>5</body></x><thread>t</thread></message>",
		"<message from='a@b/c'><body>1</c></message>",
		"<presence/>",
	} {
		f.Add(seed)
	}
	c, err := New(Config{JID: jid.MustParse(service), Address: "localhost:5347", Secret: []byte(secret), Hosts: []string{"localhost"}, Probe: probe, Log: slog.New(slog.DiscardHandler)})
	require.NoError(f, err)
	sent := new(sink)
	c.registry.setLink(newLink(sent, new(sizeLimit), DefaultMaxAnswer, c.log))
	f.Fuzz(func(t *testing.T, text string) {
		in := framing.NewReader(strings.NewReader(text), nsAccept, 1<<16)
		for {
			e, err := in.Next()
			if err != nil {
				return
			}
			in := inbound{e}
			checkContent(t, in)
			checkGrantIn(t, in)
			checkErrorIn(t, in)
			if in.kind() != "iq" || attributesOnce(in.Raw) != nil {
				continue // the server lets no attribute through that is there twice
			}
			r, err := newRequest(in, c.cfg.JID)
			if err != nil {
				continue
			}
			sent.kept.Reset()
			c.answer(t.Context(), r)
			checkAnswer(t, r, sent.kept.String())
		}
	})
}

// checkContent compares the children and the body of a stanza with what encoding/xml makes
// of them.
func checkContent(t *testing.T, in inbound) {
	names := in.childNames()
	if len(names) == 0 {
		require.Empty(t, in.child().Name)
	} else {
		require.Equal(t, names[0], in.child().Name)
	}
	body := in.childText(nsAccept, "body")
	var want struct {
		Bodies []struct {
			Text string `xml:",chardata"`
		} `xml:"jabber:component:accept body"`
		Children []struct {
			XMLName xml.Name
		} `xml:",any"`
	}
	if in.Decode(&want) != nil {
		return
	}
	require.Len(t, names, in.Children)
	require.Equal(t, in.Children, len(want.Bodies)+len(want.Children))
	switch len(want.Bodies) {
	case 0:
		require.Empty(t, body)
	case 1:
		require.Equal(t, want.Bodies[0].Text, body)
	}
}

// checkGrantIn checks that only a host itself grants something.
func checkGrantIn(t *testing.T, in inbound) {
	if !isGrant(in) {
		return
	}
	host, ok := grantingHost(in)
	if !ok {
		return
	}
	g, err := parseGrant(in)
	if err != nil {
		require.Empty(t, g)
		return
	}
	require.NotEmpty(t, host)
	require.Equal(t, strings.TrimSuffix(in.attr("from"), "/"), host, "the server knows the host by this spelling only")
	require.NotEmpty(t, g.Access)
	require.Contains(t, []string{nsPrivilege1, nsPrivilege2}, g.Namespace)
	for access, typ := range g.Access {
		require.NotEqual(t, "none", typ, access)
	}
}

// checkErrorIn checks that a stanza error is an error, and can be sent as an answer.
func checkErrorIn(t *testing.T, in inbound) {
	if plain, ok := in.plainError(); ok {
		require.Equal(t, in.anyError(), error(plain))
	}
	err := in.stanzaError()
	require.Error(t, err)
	se, ok := errors.AsType[stanza.Error](err)
	if !ok {
		return
	}
	text, err := encode(stanza.IQ{Type: stanza.ErrorIQ}.StartElement(), se.Wrap(nil))
	if err == nil {
		_, err = parse(string(text))
		require.NoError(t, err)
	}
}

// checkAnswer checks that a request has got one answer, to its sender.
func checkAnswer(t *testing.T, r Request, sent string) {
	require.NotEmpty(t, sent, "%q: no answer", r.in.Raw)
	e, err := parse(sent)
	require.NoError(t, err, "%q", r.in.Raw)
	assert.Equal(t, xml.Name{Space: nsAccept, Local: "iq"}, e.Name)
	assert.Contains(t, []string{"result", "error"}, e.Attrs["type"])
	assert.Equal(t, r.ID, e.Attrs["id"])
	assert.Equal(t, r.From.String(), e.Attrs["to"])
	assert.True(t, address.SameHost(service, r.To.Domainpart()))
	// encoding/xml accepts names that no server accepts (Namespaces in XML §3, §7).
	d := xml.NewDecoder(strings.NewReader(sent))
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			checkNames(t, start)
		}
	}
}

// checkNames checks the names of a start tag, which has its prefixes.
func checkNames(t *testing.T, start xml.StartElement) {
	require.Empty(t, start.Name.Space, "a prefix")
	require.NotContains(t, start.Name.Local, ":")
	declared := []string{"", "xml", "xmlns"}
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" {
			declared = append(declared, a.Name.Local)
		}
	}
	for _, a := range start.Attr {
		require.Contains(t, declared, a.Name.Space)
		require.Regexp(t, `^[\pL_]`, a.Name.Local)
		require.NotContains(t, a.Name.Local, ":")
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			require.NotContains(t, []string{nsXML, nsXMLNS, ""}, a.Value)
		}
	}
}
