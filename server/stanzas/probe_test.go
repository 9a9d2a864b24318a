package stanzas

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/component"
)

func TestProbe(t *testing.T) {
	to, payload := Probe("example.org")
	assert.Equal(t, "emanagement-watch@example.org", to.String())
	tok, err := payload.Token()
	require.NoError(t, err)
	assert.Equal(t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, tok.(xml.StartElement).Name)
}

func TestCheckGrant(t *testing.T) {
	for typ, ok := range map[string]bool{"both": true, "get": false, "set": false, "": false} {
		err := CheckGrant(component.Grant{Access: map[string]string{"roster": typ, "iq": ""}})
		assert.Equal(t, ok, err == nil, typ)
	}
	assert.ErrorContains(t, CheckGrant(component.Grant{}), "rosters of this host cannot be managed")
}
