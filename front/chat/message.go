package chat

import (
	"encoding/xml"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
)

// message is a message to the component.
type message struct {
	from, to jid.JID
	typ      stanza.MessageType
	thread   string
	line     string     // the command line
	dropped  int        // later messages of the same sender that are not read
	children []xml.Name // the names of its child elements
}

func newMessage(m component.Message) message {
	return message{
		from: m.From, to: m.To, typ: m.Type, thread: m.Thread(),
		line: stripQuotation(m.Body()), dropped: m.Missed, children: m.Children(),
	}
}

// wantsAnswer reports whether a user or a program has just sent the message to the component
// itself.
func (m message) wantsAnswer() bool {
	isChat := m.typ == stanza.ChatMessage || m.typ == stanza.NormalMessage
	// An address with a local part belongs to a sender of messages, not to the component.
	toComponent := m.to.Localpart() == "" && m.from.Domainpart() != m.to.Domainpart()
	// A message that is sent in a user's name by privilege (XEP-0356 §5.2) has no resource.
	// A requester with that privilege must not run verbs in the user's name.
	fromSender := m.from.Localpart() == "" || m.from.Resourcepart() != ""
	return isChat && toComponent && fromSender && m.line != "" && !slices.ContainsFunc(m.children, isIndirect)
}

// isIndirect reports whether a child element shows that a message is a copy, is delayed, or
// comes from a room, in which senders are anonymous.
func isIndirect(child xml.Name) bool {
	switch child.Space {
	case "urn:xmpp:carbons:2": // XEP-0280; "private" does not mark a copy
		return child.Local == "sent" || child.Local == "received"
	case "urn:xmpp:delay", "jabber:x:delay": // XEP-0203, XEP-0091
		return true
	case "urn:xmpp:forward:0": // XEP-0297
		return true
	case "http://jabber.org/protocol/muc#user": // XEP-0045
		return true
	case "urn:xmpp:reactions:0": // XEP-0444; the body is for older clients
		return true
	}
	if strings.HasPrefix(child.Space, "urn:xmpp:message-retract:") { // XEP-0424
		return true
	}
	return strings.HasPrefix(child.Space, "urn:xmpp:mam:") && child.Local == "result" || // XEP-0313
		strings.HasPrefix(child.Space, "urn:xmpp:privilege:") // XEP-0356
}

// isEncrypted reports whether the body is only a fallback text for recipients that cannot
// decrypt the message.
func (m message) isEncrypted() bool {
	return slices.ContainsFunc(m.children, func(child xml.Name) bool {
		switch child.Space {
		case "jabber:x:encrypted", "urn:xmpp:openpgp:0", "eu.siacs.conversations.axolotl", "urn:xmpp:eme:0": // XEP-0027, -0373, -0384, -0380
			return true
		}
		return strings.HasPrefix(child.Space, "urn:xmpp:omemo:")
	})
}

// isCorrection reports whether the message replaces an earlier one (XEP-0308).
func (m message) isCorrection() bool {
	return slices.Contains(m.children, xml.Name{Space: "urn:xmpp:message-correct:0", Local: "replace"})
}
