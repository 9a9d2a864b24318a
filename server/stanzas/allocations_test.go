package stanzas

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/framing"
)

// TestRosterAllocations: reading a roster of 20 items makes no more allocations than were
// measured when it was last made quicker: two an item, and the rest once.
func TestRosterAllocations(t *testing.T) {
	const items, most = 20, 68
	text := rosterText(items)
	allocations := testing.AllocsPerRun(100, func() {
		e, err := framing.NewReader(strings.NewReader(text), "jabber:component:accept", framing.DefaultLimit).Next()
		require.NoError(t, err)
		r := e.Plain()
		var q rosterResult
		require.True(t, r.Child() && q.DecodePlain(r))
		got, err := q.items(false)
		require.NoError(t, err)
		require.Len(t, got, items)
	})
	assert.LessOrEqual(t, allocations, float64(most))
}

// rosterText returns a roster as ejabberd sends it.
func rosterText(items int) string {
	var b strings.Builder
	b.WriteString("<iq xml:lang='en' to='emanagement.localhost' from='user@localhost' type='result' id='1'><query ver='2fbb24f1769d8e2d235870763577760437bc86f5' xmlns='jabber:iq:roster'>")
	for n := range items {
		fmt.Fprintf(&b, "<item subscription='both' name='Contact' jid='c%d@localhost'><group>Group</group></item>", n)
	}
	b.WriteString("</query></iq>")
	return b.String()
}

func BenchmarkRoster(b *testing.B) {
	for _, items := range []int{20, 10_000} {
		b.Run(fmt.Sprintf("%d items", items), func(b *testing.B) {
			text := rosterText(items)
			b.ReportAllocs()
			for b.Loop() {
				e, err := framing.NewReader(strings.NewReader(text), "jabber:component:accept", framing.DefaultLimit).Next()
				require.NoError(b, err)
				r := e.Plain()
				var q rosterResult
				require.True(b, r.Child() && q.DecodePlain(r))
				_, err = q.items(false)
				require.NoError(b, err)
			}
		})
	}
}
