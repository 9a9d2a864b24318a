package stanzas

import "emanagement/server/ejabberd"

// The reasons why a server does not permit a request. Each names the missing part of the
// server's configuration, or the version that it needs.
const (
	noRosterAccess = "in ejabberd.yml, mod_roster: {access: …} must allow this user to change the roster"

	noRosterPrivilege = "in ejabberd.yml, mod_privilege must say roster: {both: emanagement}, where the access rule emanagement allows this component; " +
		"after reload_config, the change takes effect when this component reconnects, within a minute or so"

	noRosterStanzas = "it answers a change of a roster with internal-server-error, as ejabberd before 23.10 always does: " +
		"upgrade it (from 25.03 on nothing else is needed), or " + ejabberd.HTTPAdvice

	noMessagePrivilege = "in ejabberd.yml, mod_privilege needs message: {outgoing: emanagement}, where the acl emanagement names this component"
)
