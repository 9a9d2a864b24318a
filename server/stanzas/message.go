package stanzas

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/message"
	"emanagement/server"
)

// privileged is a message in the name of a host's user (XEP-0356 §5.2), in the
// namespace of the host's grant.
type privileged struct {
	XMLName   xml.Name
	Forwarded struct {
		XMLName xml.Name `xml:"urn:xmpp:forward:0 forwarded"`
		Message chat
	}
}

type chat struct {
	XMLName xml.Name `xml:"jabber:client message"`
	Type    string   `xml:"type,attr"`
	ID      string   `xml:"id,attr"`
	From    string   `xml:"from,attr"`
	To      string   `xml:"to,attr"`
	Body    string   `xml:"body"`
}

type body struct {
	XMLName xml.Name `xml:"body"`
	Text    string   `xml:",chardata"`
}

// SendMessage implements message.Server.
func (s *Server) SendMessage(ctx context.Context, from, to jid.JID, text string) error {
	if from.Domainpart() == s.component.JID().Domainpart() {
		return s.messageAsName(ctx, from, to, text)
	}
	return s.messageAsUser(ctx, from.Bare(), to, text)
}

// linger is how long an error of the recipient's own session or server is waited
// for. Those of sessions were seen to come within 10 ms.
const linger = time.Second

func (s *Server) messageAsName(ctx context.Context, from, to jid.JID, text string) error {
	via := s.near(to)
	start := stanzaStart("message", stanza.ChatMessage, from, to)
	err := s.component.Deliver(ctx, start, component.XML(body{Text: text}), via, linger)
	if component.Condition(err) != "" {
		return fmt.Errorf("%s: %w: %w", to, message.ErrNotTaken, err)
	}
	return s.unconfirmed(ctx, via, err)
}

// messageAsUser sends a message through the sender's host, so that it is the
// user's own in every respect. from must be bare.
func (s *Server) messageAsUser(ctx context.Context, from, to jid.JID, text string) error {
	host := from.Domain()
	g, err := s.component.Grant(ctx, host.String())
	if err == nil {
		p := privileged{XMLName: xml.Name{Space: g.Namespace, Local: "privilege"}}
		p.Forwarded.Message = chat{Type: "chat", ID: rand.Text(), From: from.String(), To: to.String(), Body: text}
		err = s.component.Deliver(ctx, stanzaStart("message", "", s.component.JID(), host), component.XML(p), host.String(), 0)
	}
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &message.SenderError{Sender: from, Hosts: e.Served, Own: s.component.JID().String()}
	}
	if cond := component.Condition(err); cond == stanza.Forbidden {
		return &fault.NotPermittedError{
			Host: host.String(),
			What: fmt.Sprintf("in ejabberd.yml, mod_privilege needs message: {outgoing: emanagement}, where the acl emanagement names this component (the server says: %s)", cond),
		}
	}
	return s.unconfirmed(ctx, host.String(), err)
}

// near is a host that can be asked whether it took what is sent to somebody:
// that one's own, else any.
func (s *Server) near(to jid.JID) string {
	served := s.component.Served()
	if len(served) == 0 || s.component.Serves(to.Domainpart()) {
		return to.Domainpart()
	}
	return served[0]
}

func (s *Server) unconfirmed(ctx context.Context, host string, err error) error {
	if errors.Is(err, component.ErrUnconfirmed) {
		return fmt.Errorf("%s: %w: %w", host, fault.ErrNoAnswer, err)
	}
	return server.Classify(ctx, host, err)
}

// stanzaStart returns the start of a stanza without a namespace. (Those of the library
// are in the namespace of client streams.)
func stanzaStart[T ~string](name string, typ T, from, to jid.JID) xml.StartElement {
	var attrs []xml.Attr
	if typ != "" {
		attrs = append(attrs, named("type", string(typ)))
	}
	return element(name, append(attrs, named("from", from.String()), named("to", to.String())))
}
