package stanzas

import (
	"encoding/xml"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/component"
	"emanagement/xmpp/address"
)

// probeLocalpart is the account whose roster a probe reads. It need not exist.
const probeLocalpart = "emanagement-watch"

// Probe returns a roster get of an account that need not exist (component.Config.Probe).
// Every host that grants access answers it.
func Probe(host string) (to jid.JID, payload xml.TokenReader) {
	return address.Account(probeLocalpart, host), get()
}

// CheckGrant returns an error if a grant does not permit reading and writing rosters
// (component.Config.CheckGrant).
func CheckGrant(g component.Grant) error {
	if g.Access["roster"] != "both" {
		return errors.New("rosters of this host cannot be managed: its mod_privilege must say roster: {both: ...} for this component")
	}
	return nil
}
