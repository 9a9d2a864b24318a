package stanzas

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmlstream"
)

// TestProbe checks that a probe is a roster get.
func TestProbe(t *testing.T) {
	to, payload := Probe("example.org")
	assert.Equal(t, "emanagement-watch@example.org", to.String())
	var text strings.Builder
	e := xml.NewEncoder(&text)
	_, err := xmlstream.Copy(e, payload)
	require.NoError(t, err)
	require.NoError(t, e.Flush())
	assert.Equal(t, `<query xmlns="jabber:iq:roster"></query>`, text.String())
}
