package component

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/xmpp/framing"
)

// streamStart is the root's start tag of a server's stream.
const streamStart = `<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='17823' from='emanagement.localhost'>`

// inboundOf returns a stanza as the reader takes it off the wire.
func inboundOf(t testing.TB, stanza string) inbound {
	t.Helper()
	e, err := framing.NewReader(strings.NewReader(stanza), nsAccept, framing.DefaultLimit).Next()
	require.NoError(t, err)
	return inbound{e}
}

// grants lists stanzas that announce a grant, and some that only look like it.
var grants = map[string]struct {
	message string
	host    string // "" if it is no grant
	want    Grant
}{
	"ejabberd": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><perm type='outgoing' access='message'/><perm type='both' access='roster'/><perm access='iq'/><perm type='managed_entity' access='presence'/></privilege></message>`,
		"example.org", Grant{nsPrivilege2, map[string]string{"message": "outgoing", "roster": "both", "iq": "", "presence": "managed_entity"}},
	},
	"version 1": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:1'><perm type='both' access='roster'/></privilege></message>`,
		"example.org", Grant{nsPrivilege1, map[string]string{"roster": "both"}},
	},
	"version 3": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:3'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"prefixed, in another order, with white space": {
		"<message from='EXAMPLE.org' id='1' to='emanagement.localhost'>\n <p:privilege xmlns:p='urn:xmpp:privilege:2'>\n  <p:perm access='roster' type='get'/>\n </p:privilege>\n</message>",
		"EXAMPLE.org", Grant{nsPrivilege2, map[string]string{"roster": "get"}},
	},
	"with children of other kinds": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><note>x</note><perm type='both' access='roster'><why>y</why></perm></privilege><delay xmlns='urn:xmpp:delay'/></message>`,
		"example.org", Grant{nsPrivilege2, map[string]string{"roster": "both"}},
	},
	"some denied": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><perm type='none' access='message'/><perm type='both' access='roster'/></privilege></message>`,
		"example.org", Grant{nsPrivilege2, map[string]string{"roster": "both"}},
	},
	"all denied": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><perm type='none' access='message'/><perm type='none' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"nothing in it": {
		`<message to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'/></message>`,
		"", Grant{},
	},
	"a privileged message that was refused": {
		`<message type='error' to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><forwarded xmlns='urn:xmpp:forward:0'/></privilege><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
		"", Grant{},
	},
	"from a user": {
		`<message to='emanagement.localhost' from='mallory@example.org'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"from a resource": {
		`<message to='emanagement.localhost' from='example.org/r'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"without from": {
		`<message to='emanagement.localhost'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"from an invalid address": {
		`<message to='emanagement.localhost' from='@'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"not the first child": {
		`<message to='emanagement.localhost' from='example.org'><body>b</body><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"further inside": {
		`<message to='emanagement.localhost' from='example.org'><x xmlns='y'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></x></message>`,
		"", Grant{},
	},
	"another element": {
		`<message to='emanagement.localhost' from='example.org'><privileges xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privileges></message>`,
		"", Grant{},
	},
	"no namespace": {
		`<message to='emanagement.localhost' from='example.org'><privilege><perm type='both' access='roster'/></privilege></message>`,
		"", Grant{},
	},
	"a chat message": {`<message to='emanagement.localhost' from='example.org'><body>hello</body></message>`, "", Grant{}},
	"an empty one":   {`<message to='emanagement.localhost' from='example.org'/>`, "", Grant{}},
	"an iq": {
		`<iq type='set' id='1' to='emanagement.localhost' from='example.org'><privilege xmlns='urn:xmpp:privilege:2'><perm type='both' access='roster'/></privilege></iq>`,
		"", Grant{},
	},
}

func TestParseGrant(t *testing.T) {
	for name, test := range grants {
		t.Run(name, func(t *testing.T) {
			in := inboundOf(t, test.message)
			host, isHost := grantingHost(in)
			g, err := parseGrant(in)
			ok := isGrant(in) && isHost && err == nil
			require.Equal(t, test.host != "", ok, "%s %v", host, g)
			if ok {
				assert.Equal(t, test.host, host)
				assert.Equal(t, test.want, g)
			}
		})
	}
}
