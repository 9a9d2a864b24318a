package stanzas

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// nsRoster is the namespace of roster stanzas (RFC 6121 §2.1.1).
const nsRoster = "jabber:iq:roster"

// query is the payload of a roster stanza as a server sends it.
type query struct {
	XMLName xml.Name    `xml:"jabber:iq:roster query"`
	Items   []queryItem `xml:"item"`
}

type queryItem struct {
	JID          string   `xml:"jid,attr"`
	Name         string   `xml:"name,attr"`
	Subscription string   `xml:"subscription,attr"`
	Ask          string   `xml:"ask,attr"`
	Approved     bool     `xml:"approved,attr"`
	Groups       []string `xml:"group"`
}

// items is the content of an answer, in which some may be damaged.
func (q query) items(damaged bool) ([]rosterpush.Item, error) {
	items := make([]rosterpush.Item, 0, len(q.Items))
	for _, i := range q.Items {
		// What the server keeps is taken as it is, even where today's rules would
		// not let it be created.
		j, err := address.ParseVerbatim(i.JID)
		if err != nil {
			return nil, fmt.Errorf("roster: an item with jid %q: %w", i.JID, err)
		}
		item := rosterpush.Item{
			JID: j, Name: i.Name, Groups: i.Groups,
			Subscription: rosterpush.Subscription(i.Subscription),
			Pending:      i.Ask == "subscribe",
			Approved:     i.Approved,
			Damaged:      damaged && isDamaged(i),
		}
		if item.Subscription == "" { // RFC 6121 §2.1.2.5: absent means none
			item.Subscription = rosterpush.None
		}
		slices.Sort(item.Groups)
		items = append(items, item)
	}
	return items, nil
}

// isDamaged says whether an item of a damaged answer holds what has been replaced.
func isDamaged(i queryItem) bool {
	return strings.ContainsRune(i.Name, utf8.RuneError) || slices.ContainsFunc(i.Groups, func(g string) bool { return strings.ContainsRune(g, utf8.RuneError) })
}

// get asks for a whole roster.
func get() xml.TokenReader { return roster(nil) }

// A contact is always named by its bare JID here. A client can have stored a
// full one, but ejabberd finds an item by the bare one alone: named by the
// other, it would be answered as removed and stay, or be written anew without
// its subscription.

// set writes one item (RFC 6121 §2.3).
func set(i rosterpush.Item) xml.TokenReader {
	attrs := []xml.Attr{named("jid", i.JID.Bare().String()), named("subscription", string(i.Subscription))}
	if i.Name != "" {
		attrs = append(attrs, named("name", i.Name))
	}
	if i.Approved {
		attrs = append(attrs, named("approved", "true"))
	}
	var groups []xml.TokenReader
	for _, g := range i.Groups {
		groups = append(groups, xmlstream.Wrap(xmlstream.Token(xml.CharData(g)), element("group", nil)))
	}
	return roster(xmlstream.Wrap(xmlstream.MultiReader(groups...), element("item", attrs)))
}

// remove removes one item (RFC 6121 §2.5).
func remove(contact jid.JID) xml.TokenReader {
	return roster(xmlstream.Wrap(nil, element("item", []xml.Attr{
		named("jid", contact.Bare().String()), named("subscription", "remove"),
	})))
}

func roster(inner xml.TokenReader) xml.TokenReader {
	return xmlstream.Wrap(inner, xml.StartElement{Name: xml.Name{Space: nsRoster, Local: "query"}})
}

func element(local string, attrs []xml.Attr) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: local}, Attr: attrs}
}

func named(local, value string) xml.Attr {
	return xml.Attr{Name: xml.Name{Local: local}, Value: value}
}
