package stanzas

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"

	"emanagement/rosterpush"
	"emanagement/xmpp/framing"
)

// FuzzRoster: a roster is read whole or not at all, each item under the JID that the server
// knows it by. An item that is written again reads as before.
func FuzzRoster(f *testing.F) {
	for _, seed := range []string{
		"", "<item jid='a@b'/>", "<item jid='a@b' name='A' subscription='both' ask='subscribe' approved='true'><group>2</group><group>1</group></item>",
		"<item jid='♥@b.' subscription='frob'/><item jid='b/r' name='&#10;&lt;'><group> \n</group><group/></item>", "<item/>", "<item jid=''/>",
		"<item jid='@b'/>", "<item jid='a@b' name='\x01'/><item jid='c@d' name='\uFFFD'><group>&#1;</group></item>", "<item jid='a@b' approved='maybe'/>",
		"<item jid='a@b'>text<other/><group>a<b/>c</group></item>", "<item xmlns='urn:x' jid='a@b'/>", "</query><item jid='a@b'/>", "<item jid='a@b/'/><item jid='b//'/>", "<item jid='a@b' jid='c@d'/>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		e, err := framing.NewReader(strings.NewReader("<query xmlns='"+nsRoster+"'>"+inside+"</query>"), "jabber:component:accept", 1<<16).Next()
		if err != nil {
			return
		}
		var q, plain rosterResult
		err = e.Decode(&q)
		if r := e.Plain(); plain.DecodePlain(r) {
			require.NoError(t, err)
			require.Equal(t, q, plain)
		} else {
			require.Zero(t, plain)
		}
		if err != nil {
			return
		}
		items, err := q.items(e.Damaged)
		if err != nil {
			require.Nil(t, items)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Len(t, items, countItems(t, e))
		for i, item := range items {
			require.Contains(t, []string{item.JID.String(), item.JID.String() + "/"}, q.Items[i].JID)
			require.NotEmpty(t, item.JID.Domainpart())
			require.NotEmpty(t, item.Subscription)
			require.True(t, slices.IsSorted(item.Groups))
			require.False(t, item.Damaged && !e.Damaged)
			checkWritten(t, item)
		}
	})
}

// countItems counts the items of a roster that is well-formed.
func countItems(t *testing.T, e framing.Element) (n int) {
	depth := 0
	r := e.Tokens()
	for {
		token, err := r.Token()
		if err != nil {
			return n
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth == 0 && token.Name.Local == "item" {
				n++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// checkWritten writes an item as the component sends it, and reads it as a roster.
func checkWritten(t *testing.T, item rosterpush.Item) {
	var text strings.Builder
	e := xml.NewEncoder(&text)
	_, err := xmlstream.Copy(e, rosterSet(item))
	require.NoError(t, err)
	require.NoError(t, e.Flush())
	var q rosterResult
	require.NoError(t, xml.Unmarshal([]byte(text.String()), &q), text.String())
	again, err := q.items(false)
	require.NoError(t, err)
	want := item
	want.JID, want.Pending, want.Damaged = item.JID.Bare(), false, false
	require.Equal(t, []rosterpush.Item{want}, again)
}
