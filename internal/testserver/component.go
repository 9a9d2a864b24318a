package testserver

import (
	"context"
	"encoding/xml"
	"testing"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/xmpp/address"
)

// NewComponent returns a component for a server, which is not connected yet. It serves
// all hosts.
// change may change its configuration before; it may be nil. An invalid
// configuration fails the test.
func NewComponent(t testing.TB, s *Server, change func(*component.Config)) *component.Component {
	t.Helper()
	conf := component.Config{
		JID: jid.MustParse(Component), Address: s.ComponentAddr(), Secret: []byte(Secret),
		Hosts: Hosts(), Probe: probe, Name: "emanagement", Version: "test",
	}
	if change != nil {
		change(&conf)
	}
	c, err := component.New(conf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// probe is component.Config.Probe: a roster get of an account that need not exist.
// (Package stanzas has the same, and the tests of what it imports import this package.)
func probe(host string) (to jid.JID, payload xml.TokenReader) {
	query := xml.StartElement{Name: xml.Name{Space: "jabber:iq:roster", Local: "query"}}
	return address.Account("probe", host), xmlstream.Wrap(nil, query)
}

// RunComponent runs a component until the test ends. An error that Run returns
// fails the test.
func RunComponent(t testing.TB, c *component.Component) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
