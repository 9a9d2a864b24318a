package stanzas

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProbe checks that a probe is a roster get.
func TestProbe(t *testing.T) {
	to, payload := Probe("example.org")
	assert.Equal(t, "emanagement-watch@example.org", to.String())
	tok, err := payload.Token()
	require.NoError(t, err)
	assert.Equal(t, xml.Name{Space: "jabber:iq:roster", Local: "query"}, tok.(xml.StartElement).Name)
}
