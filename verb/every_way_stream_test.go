package verb_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/front/adhoc"
	"emanagement/front/chat"
	"emanagement/verb"
	"emanagement/xmpp/address"
)

// jidHoldings returns the ways in which an account or a domain can stand to a grant. number
// is in the domain, so that each has a domain of its own.
func jidHoldings(number int, role verb.Role, hosts []string) []holding {
	var all []holding
	for i, way := range []struct {
		name             string
		isHis            bool
		grant, requester string // D stands for the domain
	}{
		{"an account", true, "u@D", "u@D"},
		{"a domain", true, "D", "D"},
		{"the domain of the account", false, "u@D", "D"},
		{"an account of the domain", false, "D", "u@D"},
		{"another account", false, "u@D", "v@D"},
		{"the same name elsewhere", false, "u@D", "u@x.D"},
		{"a domain below", false, "D", "x.D"},
		{"a user of the machine", false, "", "u@D"},
	} {
		domain := fmt.Sprintf("d%d.example", number+i)
		h := holding{name: way.name, isHis: way.isHis, grant: verb.Grant{Role: role, Hosts: hosts}, requester: jid.MustParse(strings.ReplaceAll(way.requester, "D", domain))}
		if way.grant == "" {
			h.grant.UID = new(uint32)
		} else {
			h.grant.JID = jid.MustParse(strings.ReplaceAll(way.grant, "D", domain))
		}
		all = append(all, h)
	}
	return all
}

// byStream requests a verb by ad-hoc commands and by chat messages, on the stream of a
// component. Service discovery, too, shows a verb only to those who may run it.
func byStream(t *testing.T, v *verb.Verb) {
	w := newWays(v, jidHoldings)
	s := newStream(t)
	c, err := component.New(component.Config{
		JID: jid.MustParse(own), Address: s.listener.Addr().String(), Secret: []byte("s"), Hosts: []string{"a.example"},
		Probe: func(host string) (jid.JID, xml.TokenReader) { return address.Domain(host), xmlstream.Token(nil) },
	})
	require.NoError(t, err)
	adhoc.Register(c, w.namespace)
	chat.Register(c, w.namespace, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	s.accept()

	// The answers to the requests come after all messages were taken, and the component
	// stops when their handlers have ended.
	for i, a := range w.attempts {
		s.send("<message type='chat' id='%d' from='%s/chat' to='%s'><body>%s</body></message>", i, a.requester, own, escaped(chatLine(v, a.values)))
	}
	asksList := func(a attempt) bool { return a.arguments.name == w.attempts[0].arguments.name }
	lists := 0
	for i, a := range w.attempts {
		fields := ""
		for _, name := range slices.Sorted(maps.Keys(a.values)) {
			fields += fmt.Sprintf("<field var='%s'><value>%s</value></field>", name, escaped(a.values[name]))
		}
		s.send("<iq type='set' id='run %d' from='%s/ad-hoc' to='%s'><command xmlns='http://jabber.org/protocol/commands' node='%s' action='execute'><x xmlns='jabber:x:data' type='submit'>%s</x></command></iq>", i, a.requester, own, v.Name, fields)
		if !asksList(a) {
			continue
		}
		lists++
		s.send("<iq type='get' id='list %d' from='%s/ad-hoc' to='%s'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>", i, a.requester, own)
		s.send("<iq type='get' id='info %d' from='%s/ad-hoc' to='%s'><query xmlns='http://jabber.org/protocol/disco#info' node='%s'/></iq>", i, a.requester, own, v.Name)
	}
	answers := s.answers(len(w.attempts) + 2*lists)
	stop()
	require.NoError(t, <-ended)
	s.reader.Wait()

	for i, a := range w.attempts {
		ran := answers[fmt.Sprint("run ", i)]
		assert.Equal(t, mayRun(v, a.holding, a.arguments), ran.Forbidden == nil && ran.Type == "result", "%s by %s: %s: %+v", v.Name, a.holding.name, a.arguments.name, ran)
		if !asksList(a) { // what is shown does not depend on arguments
			continue
		}
		listed, found := answers[fmt.Sprint("list ", i)], answers[fmt.Sprint("info ", i)]
		shown := slices.ContainsFunc(listed.Items, func(i item) bool { return i.Node == v.Name })
		assert.Equal(t, mayFind(v, a.holding), shown, "%s: %s with %v", v.Name, a.holding.name, a.grant)
		assert.Equal(t, mayFind(v, a.holding), found.Type == "result")
		if !a.isHis {
			assert.Empty(t, listed.Items, "strangers see nothing")
		}
	}
	w.check(t, func(a attempt) []string {
		return []string{a.requester.String() + "/ad-hoc", a.requester.String() + "/chat"}
	})
}

// chatLine returns the line that requests a verb in a chat.
func chatLine(v *verb.Verb, values map[string]string) string {
	words := []string{v.Name}
	for _, p := range v.Places() {
		words = append(words, verb.Quote(values[p.Name]))
	}
	for _, p := range v.Flags() {
		words = append(words, "--"+p.Name, verb.Quote(values[p.Name]))
	}
	return strings.Join(words, " ")
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// stream is the server's side of a component's stream.
type stream struct {
	t        *testing.T
	listener net.Listener
	conn     net.Conn
	reader   sync.WaitGroup
	got      chan iq
}

// iq is what the tests read of an answer.
type iq struct {
	XMLName   xml.Name
	Type      string    `xml:"type,attr"`
	ID        string    `xml:"id,attr"`
	Forbidden *struct{} `xml:"error>forbidden"`
	Items     []item    `xml:"query>item"`
}

type item struct {
	Node string `xml:"node,attr"`
}

func newStream(t *testing.T) *stream {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return &stream{t: t, listener: l, got: make(chan iq, 100)}
}

// accept accepts the component's connection, and begins to read it. Any secret is right.
func (s *stream) accept() {
	var err error
	s.conn, err = s.listener.Accept()
	require.NoError(s.t, err)
	s.t.Cleanup(func() { s.conn.Close() })
	d := xml.NewDecoder(s.conn)
	for { // to the root's start tag
		token, err := d.Token()
		require.NoError(s.t, err)
		if _, ok := token.(xml.StartElement); ok {
			break
		}
	}
	s.send("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='1' from='%s'>", own)
	var handshake struct{}
	require.NoError(s.t, d.Decode(&handshake))
	s.send("<handshake/>")
	s.reader.Go(func() { s.read(d) })
}

// read passes on the component's answers until it ends the stream.
func (s *stream) read(d *xml.Decoder) {
	defer close(s.got)
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch token := token.(type) {
		case xml.EndElement:
			_, _ = io.WriteString(s.conn, "</stream:stream>") // the component may be gone
			_ = s.conn.Close()
			return
		case xml.StartElement:
			var answer iq
			if !assert.NoError(s.t, d.DecodeElement(&answer, &token)) {
				return
			}
			if answer.XMLName.Local == "iq" && (answer.Type == "result" || answer.Type == "error") {
				s.got <- answer
			}
		}
	}
}

func (s *stream) send(format string, args ...any) {
	_, err := fmt.Fprintf(s.conn, format, args...)
	require.NoError(s.t, err)
}

// answers returns the next answers, by id.
func (s *stream) answers(n int) map[string]iq {
	all := make(map[string]iq)
	for range n {
		answer, ok := <-s.got
		require.True(s.t, ok, "the stream has ended")
		all[answer.ID] = answer
	}
	require.Len(s.t, all, n)
	return all
}
