package chat

import (
	"encoding/xml"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
)

// question is a message that wants an answer.
type question struct {
	from, to jid.JID
	typ      stanza.MessageType // chat or normal
	thread   string
	line     string // never blank
	missed   int    // that came after it and will not be read
}

// questionIn returns what a message asks of the component; ok is false where
// nobody has written it to us just now.
func questionIn(m component.Message) (q question, ok bool) {
	q = question{from: m.From, to: m.To, typ: m.Type, thread: m.Thread(), line: lineIn(m.Body()), missed: m.Missed}
	asked := m.Type == stanza.ChatMessage || m.Type == stanza.NormalMessage
	// An address with a local part is a name that verbs send messages as.
	toUs := m.To.Localpart() == "" && m.From.Domainpart() != m.To.Domainpart()
	// What is sent in a user's name, by privilege (XEP-0356 §5.2), has no
	// resource: whoever may do that must not run verbs in that name.
	themselves := m.From.Localpart() == "" || m.From.Resourcepart() != ""
	return q, asked && toUs && themselves && q.line != "" && !slices.ContainsFunc(m.Children(), isForeign)
}

// isForeign says whether a child element of a message shows that it is a copy,
// comes late, or is from a room, where nobody is known.
func isForeign(child xml.Name) bool {
	switch child.Space {
	case "urn:xmpp:carbons:2": // XEP-0280; private is no copy
		return child.Local == "sent" || child.Local == "received"
	case "urn:xmpp:delay", "jabber:x:delay": // XEP-0203, XEP-0091
		return true
	case "urn:xmpp:forward:0": // XEP-0297
		return true
	case "http://jabber.org/protocol/muc#user": // XEP-0045
		return true
	}
	return strings.HasPrefix(child.Space, "urn:xmpp:mam:") && child.Local == "result" || // XEP-0313
		strings.HasPrefix(child.Space, "urn:xmpp:privilege:") // XEP-0356
}
