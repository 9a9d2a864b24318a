package stanzas

import (
	"encoding/xml"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// probeLocalpart is the account whose roster a probe reads. It need not exist.
const probeLocalpart = "emanagement-watch"

// Probe returns the recipient and the payload of a roster get for an account that need not
// exist (component.Config.Probe). Every host that grants access answers it. Probe may be
// used concurrently.
func Probe(host string) (to jid.JID, payload xml.TokenReader) {
	return address.Account(probeLocalpart, host), rosterGet(nil)
}
