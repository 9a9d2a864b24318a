package stanzas

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"emanagement/component"
)

// TestCheckGrant checks that a grant suffices only if it permits reading and writing rosters.
func TestCheckGrant(t *testing.T) {
	for typ, ok := range map[string]bool{"both": true, "get": false, "set": false, "": false} {
		err := CheckGrant(component.Grant{Access: map[string]string{"roster": typ, "iq": ""}})
		assert.Equal(t, ok, err == nil, typ)
	}
	assert.ErrorContains(t, CheckGrant(component.Grant{}), "rosters of this host cannot be managed")
}
