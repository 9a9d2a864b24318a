package stanzas

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
	"emanagement/xmpp/markup"
)

// nsRoster is the namespace of roster stanzas (RFC 6121 §2.1.1).
const nsRoster = "jabber:iq:roster"

// rosterResult is the payload of the server's answer to a roster get.
type rosterResult struct {
	XMLName xml.Name     `xml:"jabber:iq:roster query"`
	Version string       `xml:"ver,attr"`
	Items   []resultItem `xml:"item"`
}

type resultItem struct {
	JID          string   `xml:"jid,attr"`
	Name         string   `xml:"name,attr"`
	Subscription string   `xml:"subscription,attr"`
	Ask          string   `xml:"ask,attr"`
	Approved     bool     `xml:"approved,attr"`
	Groups       []string `xml:"group"`
}

// DecodePlain implements markup.Decoder.
func (q *rosterResult) DecodePlain(r *markup.Reader) (ok bool) {
	if !r.Is(nsRoster, "query") {
		return false
	}
	version := r.Attr("ver")
	var items []resultItem
	for r.Child() {
		if _, local := r.Name(); local != "item" {
			r.Skip()
			continue
		}
		var i resultItem
		if !i.decodePlain(r) {
			return false
		}
		items = append(items, i)
	}
	if r.IsPlain() {
		*q = rosterResult{xml.Name{Space: nsRoster, Local: "query"}, version, items}
	}
	return r.IsPlain()
}

func (i *resultItem) decodePlain(r *markup.Reader) (ok bool) {
	for _, a := range r.Attrs() {
		switch a.Name {
		case "jid":
			i.JID = a.Value
		case "name":
			i.Name = a.Value
		case "subscription":
			i.Subscription = a.Value
		case "ask":
			i.Ask = a.Value
		case "approved":
			if i.Approved = a.Value == "true"; !i.Approved {
				return false // seldom: encoding/xml knows other words
			}
		}
	}
	for r.Child() {
		if _, local := r.Name(); local != "group" {
			r.Skip()
			continue
		}
		group, ok := r.Content()
		if !ok {
			return false
		}
		i.Groups = append(i.Groups, group)
	}
	return r.IsPlain()
}

// items returns the items of a result. damaged means that the server sent characters that
// XML does not allow.
func (q rosterResult) items(damaged bool) ([]rosterpush.Item, error) {
	items := make([]rosterpush.Item, 0, len(q.Items))
	for _, i := range q.Items {
		// The server may store a JID that RFC 7622 would not let a user add.
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

// isDamaged reports whether an item of a damaged result has replaced characters.
func isDamaged(i resultItem) bool {
	return strings.ContainsRune(i.Name, utf8.RuneError) || slices.ContainsFunc(i.Groups, func(g string) bool { return strings.ContainsRune(g, utf8.RuneError) })
}

// A request always has the bare JID of a contact. A client may have stored a full one, but
// ejabberd finds an item by the bare JID only. With the full one, ejabberd would answer that
// it removed the item, and keep it. Or it would write a new item without the subscription.

// rosterGet returns the payload that requests a whole roster (RFC 6121 §2.1.3), unless it
// still has the version that is known. An empty version asks for the version, too. A nil
// roster asks for none.
func rosterGet(known *rosterpush.Roster) xml.TokenReader {
	query := markup.AppendAttr([]byte("<query"), "xmlns", nsRoster)
	if known != nil {
		query = markup.AppendAttr(query, "ver", known.Version())
	}
	return component.Written(append(query, "/>"...))
}

// rosterSet returns the payload that writes an item (RFC 6121 §2.3).
func rosterSet(i rosterpush.Item) xml.TokenReader {
	approved := ""
	if i.Approved {
		approved = "true"
	}
	item := markup.AppendStart(nil, "item",
		markup.Attr{Name: "jid", Value: i.JID.Bare().String()}, markup.Attr{Name: "subscription", Value: string(i.Subscription)},
		markup.Attr{Name: "name", Value: i.Name}, markup.Attr{Name: "approved", Value: approved})
	for _, g := range i.Groups {
		item = markup.AppendElement(item, "group", g)
	}
	return rosterPayload(markup.AppendEnd(item, "item"))
}

// rosterRemove returns the payload that removes an item (RFC 6121 §2.5).
func rosterRemove(contact jid.JID) xml.TokenReader {
	return rosterPayload(markup.AppendEmpty(nil, "item",
		markup.Attr{Name: "jid", Value: contact.Bare().String()}, markup.Attr{Name: "subscription", Value: "remove"}))
}

func rosterPayload(items []byte) xml.TokenReader {
	query := markup.AppendStart(nil, "query", markup.Attr{Name: "xmlns", Value: nsRoster})
	return component.Written(markup.AppendEnd(append(query, items...), "query"))
}
