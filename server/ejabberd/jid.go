package ejabberd

import (
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/xmpp/address"
)

// The server stores JIDs that RFC 7622 would not let a user create. The functions below
// take them unchanged.

// parseStored parses a JID that the server stores.
func parseStored(s string) (jid.JID, error) {
	j, err := address.ParseVerbatim(s)
	if err != nil {
		return jid.JID{}, fmt.Errorf("%q: %w", s, err)
	}
	return j, nil
}

// storedUser returns the JID of a user from the local part that the server stores.
func storedUser(local, host string) jid.JID { return jid.NewUnsafe(local, host, "").JID }

// formatJID returns the JID of a user, or that of a host if user is empty.
func formatJID(user, host string) string {
	if user == "" {
		return host
	}
	return user + "@" + host
}
