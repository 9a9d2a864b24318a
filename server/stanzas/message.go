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

// privilegedMessage is a message as a host's user (XEP-0356 §5.2). Its name is in the
// namespace of the host's grant.
type privilegedMessage struct {
	XMLName   xml.Name
	Forwarded struct {
		XMLName xml.Name `xml:"urn:xmpp:forward:0 forwarded"`
		Message chatMessage
	}
}

type chatMessage struct {
	XMLName xml.Name `xml:"jabber:client message"`
	Type    string   `xml:"type,attr"`
	ID      string   `xml:"id,attr"`
	From    string   `xml:"from,attr"`
	To      string   `xml:"to,attr"`
	Body    string   `xml:"body"`
}

type messageBody struct {
	XMLName xml.Name `xml:"body"`
	Text    string   `xml:",chardata"`
}

// SendMessage implements message.Server. It waits for the grant of a host and for the answer
// to a probe of that host (component.Deliver). After a message from an address at the
// component's domain, it waits one second longer for an error of the recipient's session or
// server.
func (s *Server) SendMessage(ctx context.Context, from, to jid.JID, text string) error {
	if from.Domainpart() == s.component.JID().Domainpart() {
		return s.sendFromOwnDomain(ctx, from, to, text)
	}
	return s.sendAsUser(ctx, from.Bare(), to, text)
}

// errorLinger is how long a message waits for an error of the recipient's session or server.
// Errors of sessions were seen to come within 10 ms.
const errorLinger = time.Second

// sendFromOwnDomain sends a message from an address at the component's domain.
func (s *Server) sendFromOwnDomain(ctx context.Context, from, to jid.JID, text string) error {
	via := s.confirmingHost(to)
	start := stanzaStart("message", stanza.ChatMessage, from, to)
	err := s.component.Deliver(ctx, start, component.XML(messageBody{Text: text}), via, errorLinger)
	if component.Condition(err) != "" {
		return &message.NotTakenError{To: to, Text: server.ErrorText(err), Err: err}
	}
	return s.classifyDelivery(ctx, via, err)
}

// sendAsUser sends a message through the sender's host, so that the host treats it as the
// user's own. from must be bare.
func (s *Server) sendAsUser(ctx context.Context, from, to jid.JID, text string) error {
	host := from.Domain()
	g, err := s.component.Grant(ctx, host.String())
	if err == nil {
		p := privilegedMessage{XMLName: xml.Name{Space: g.Namespace, Local: "privilege"}}
		p.Forwarded.Message = chatMessage{Type: "chat", ID: rand.Text(), From: from.String(), To: to.String(), Body: text}
		err = s.component.Deliver(ctx, stanzaStart("message", "", s.component.JID(), host), component.XML(p), host.String(), 0)
	}
	if e, ok := errors.AsType[*component.NotGrantedError](err); ok {
		return &message.SenderError{Sender: from, Hosts: e.Served, Own: s.component.JID().String()}
	}
	if cond := component.Condition(err); cond == stanza.Forbidden {
		return &fault.NotPermittedError{Host: host.String(), Reason: fmt.Sprintf("%s (the server says: %s)", noMessagePrivilege, cond)}
	}
	return s.classifyDelivery(ctx, host.String(), err)
}

// confirmingHost returns the host whose answer to a probe shows whether its server took a
// stanza: the recipient's host if it grants access, otherwise any host that does.
func (s *Server) confirmingHost(to jid.JID) string {
	served := s.component.Served()
	if len(served) == 0 || s.component.Serves(to.Domainpart()) {
		return to.Domainpart()
	}
	return served[0]
}

// classifyDelivery returns an error of component.Deliver as an error with a fault.
func (s *Server) classifyDelivery(ctx context.Context, host string, err error) error {
	if errors.Is(err, component.ErrUnconfirmed) {
		return fmt.Errorf("%s: %w: %w", host, fault.ErrNoAnswer, err)
	}
	return server.Classify(ctx, host, err)
}
