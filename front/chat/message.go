package chat

import (
	"encoding/xml"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
)

// question is a message that may want an answer.
type question struct {
	from, to jid.JID
	typ      stanza.MessageType
	thread   string
	line     string
	missed   int        // that came after it and will not be read
	children []xml.Name // of the message
}

func questionIn(m component.Message) question {
	return question{
		from: m.From, to: m.To, typ: m.Type, thread: m.Thread(),
		line: lineIn(m.Body()), missed: m.Missed, children: m.Children(),
	}
}

// asked says whether somebody has written this to us just now.
func (q question) asked() bool {
	typed := q.typ == stanza.ChatMessage || q.typ == stanza.NormalMessage
	// An address with a local part is a name that verbs send messages as.
	toUs := q.to.Localpart() == "" && q.from.Domainpart() != q.to.Domainpart()
	// What is sent in a user's name, by privilege (XEP-0356 §5.2), has no
	// resource: whoever may do that must not run verbs in that name.
	themselves := q.from.Localpart() == "" || q.from.Resourcepart() != ""
	return typed && toUs && themselves && q.line != "" && !slices.ContainsFunc(q.children, isForeign)
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
	case "urn:xmpp:reactions:0": // XEP-0444; its text is for older clients
		return true
	}
	if strings.HasPrefix(child.Space, "urn:xmpp:message-retract:") { // XEP-0424
		return true
	}
	return strings.HasPrefix(child.Space, "urn:xmpp:mam:") && child.Local == "result" || // XEP-0313
		strings.HasPrefix(child.Space, "urn:xmpp:privilege:") // XEP-0356
}

// encrypted says whether the text is only what is shown to who cannot read the
// rest.
func (q question) encrypted() bool {
	return slices.ContainsFunc(q.children, func(child xml.Name) bool {
		switch child.Space {
		case "jabber:x:encrypted", "urn:xmpp:openpgp:0", "eu.siacs.conversations.axolotl", "urn:xmpp:eme:0": // XEP-0027, -0373, -0384, -0380
			return true
		}
		return strings.HasPrefix(child.Space, "urn:xmpp:omemo:")
	})
}

// corrects says whether it stands in the place of an earlier one (XEP-0308).
func (q question) corrects() bool {
	return slices.Contains(q.children, xml.Name{Space: "urn:xmpp:message-correct:0", Local: "replace"})
}
