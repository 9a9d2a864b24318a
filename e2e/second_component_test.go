package e2e_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xep0114 "mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/internal/testserver"
	"emanagement/server/stanzas"
)

// TestSecondComponent sends requests as a web application that is a component
// itself and has no privileges. A request from a full JID to a full JID is
// served. A request from the bare domain gets an error, because the server
// would drop the result.
func TestSecondComponent(t *testing.T) {
	conn, err := net.Dial("tcp", server.OtherAddr())
	require.NoError(t, err)
	defer conn.Close()
	rails := jid.MustParse(testserver.OtherComponent)
	session, err := xep0114.NewSession(shortContext(t), rails, []byte(testserver.OtherSecret), conn)
	require.NoError(t, err)
	user := uniqueJIDs(t, "localhost", "user")[0]
	storeItems(t, server, user, storedItem{"contact@localhost", "C", "both", nil})

	web := testserver.OtherComponent + "/web1"
	for name, test := range map[string]struct{ from, to, want string }{
		"full to full": {web, testserver.Component + "/any", "contact@localhost\tC\tboth\tnone\t"},
		"bare to full": {rails.String(), testserver.Component + "/any", "ask from a full JID"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
			_, err := fmt.Fprintf(conn, `<iq type='set' id='x' from='%s' to='%s'><command xmlns='http://jabber.org/protocol/commands' node='getRoster'><x xmlns='jabber:x:data' type='submit'><field var='userJid'><value>%s</value></field></x></command></iq>`, test.from, test.to, user)
			require.NoError(t, err)
			r := session.TokenReader()
			defer r.Close()
			var text strings.Builder
			for depth := 0; ; {
				tok, err := r.Token()
				require.NoError(t, err)
				switch tok := tok.(type) {
				case xml.StartElement:
					depth++
				case xml.EndElement:
					depth--
				case xml.CharData:
					text.Write(tok)
				}
				if depth == 0 {
					assert.Contains(t, text.String(), test.want)
					return
				}
			}
		})
	}
}

// TestTwoComponents connects another component to the same listener. It must
// not receive stanzas for this component, and its end must not disturb this
// component.
func TestTwoComponents(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.Kind{testserver.AdHoc, testserver.Debian13, testserver.Debian12} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			const second = "second.localhost"
			d := newDeployment(t, kind, func(config map[string]any) {
				for _, l := range config["listen"].([]any) {
					listener := l.(map[string]any)
					if hosts, ok := listener["hosts"].(map[string]any); ok && listener["global_routes"] != nil {
						hosts[second] = map[string]any{"password": "other"}
					}
				}
			})
			admin := d.login(t, "admin@localhost")
			for range 2 {
				ctx, stop := context.WithCancel(t.Context())
				c, err := component.New(component.Config{JID: jid.MustParse(second), Address: d.ComponentAddr(), Secret: []byte("other"), Hosts: testserver.Hosts(), Probe: stanzas.Probe})
				require.NoError(t, err)
				ended := make(chan error, 1)
				go func() { ended <- c.Run(ctx) }()
				require.NoError(t, c.Connected(shortContext(t)))
				for range 20 {
					runVerb(t, admin, "checkUserJid", "userJid", "a@localhost")
				}
				assert.Empty(t, c.Served())
				stop()
				require.NoError(t, <-ended)
				for range 20 {
					runVerb(t, admin, "checkUserJid", "userJid", "a@localhost")
				}
			}
			assert.NotContains(t, d.program.Log(), "stream ended")
		})
	}
}
