package main

import "strings"

// The accounts of the guide.
const (
	host       = "localhost"
	admin      = "admin@localhost"
	demo       = "demo@localhost"
	pamela     = "pamela-hall@localhost"
	terry      = "terry-alvarez@localhost"
	lois       = "lois-johnson@localhost"
	jacqueline = "jacqueline-moore@localhost"
	stream     = "SocialStream" // the only group
)

// injection is a nick that the script of 2012 passed to a shell, which executed it.
const injection = `Terry "T" $(reboot)`

// step is one command, its arguments in the order of the guide, and the expected
// answer.
type step struct {
	remark string // printed before the command, "" for none
	verb   string
	args   []string
	want   []string
}

// steps returns the steps from the first command to the last. Rosters are sorted by
// JID, while the example in the guide has no order.
func steps() []step {
	done := []string{"Done"}
	return []step{
		{"contacts in both directions: each user has the other", "setBidireccionalBuddys",
			[]string{demo, pamela, "Demo", "Pamela", stream, stream}, done},
		{"", "setBidireccionalBuddys", []string{demo, terry, "Demo", "Terry", stream, stream}, done},
		{"", "setBidireccionalBuddys", []string{demo, lois, "Demo", "Lois", stream, stream}, done},
		{"", "setBidireccionalBuddys", []string{jacqueline, pamela, "Jacqueline", "Pamela", stream, stream}, done},
		{"", "getRoster", []string{demo}, []string{
			row(lois, "Lois", "both", "none", stream),
			row(pamela, "Pamela", "both", "none", stream),
			row(terry, "Terry", "both", "none", stream),
		}},
		{"", "checkBidirecctionalBuddys", []string{demo, pamela}, []string{"true"}},
		{"", "checkUserJid", []string{demo}, []string{"true"}},

		{"a contact in one direction", "addBuddyToRoster",
			[]string{demo, jacqueline, "Jacqueline", stream, "from"}, done},
		{"", "getRoster", []string{demo}, []string{
			row(jacqueline, "Jacqueline", "from", "none", stream),
			row(lois, "Lois", "both", "none", stream),
			row(pamela, "Pamela", "both", "none", stream),
			row(terry, "Terry", "both", "none", stream),
		}},

		{"a contact in both directions becomes one in one direction", "unsetBidireccionalBuddys", []string{demo, lois, "Lois", stream}, done},
		{"", "checkBidirecctionalBuddys", []string{demo, lois}, []string{"false"}},

		{"a contact is removed; a second removal does not find it", "removeBuddyFromRoster", []string{demo, terry}, done},
		{"", "removeBuddyFromRoster", []string{demo, terry},
			[]string{"User terry-alvarez@localhost not found in demo@localhost roster."}},

		{"a nick with a command that the script of 2012 would have executed", "addBuddyToRoster",
			[]string{demo, terry, injection, stream, "from"}, done},
		{"", "getRoster", []string{demo}, []string{
			row(jacqueline, "Jacqueline", "from", "none", stream),
			row(lois, "Lois", "to", "none", stream),
			row(pamela, "Pamela", "both", "none", stream),
			row(terry, injection, "from", "none", stream),
		}},

		{"a user leaves: the whole roster is removed", "removeRoster", []string{jacqueline}, done},
		{"", "getRoster", []string{jacqueline},
			[]string{"Roster not found for user jacqueline-moore@localhost"}},
	}
}

// expectedRoster is the roster that the server must store for an account in the
// end, sorted.
type expectedRoster struct {
	account string
	items   []string
}

// expectedRosters returns the rosters of all accounts. If a user removes a contact,
// both subscriptions end, and the contact's own item stays with none (RFC 6121
// §2.5.2): demo in terry's roster and jacqueline in pamela's. ejabberdctl prints
// undefined for an ask that getRoster prints as none.
func expectedRosters() []expectedRoster {
	return []expectedRoster{
		{"admin", nil},
		{"demo", []string{
			row(jacqueline, "Jacqueline", "from", "undefined", stream),
			row(lois, "Lois", "to", "undefined", stream),
			row(pamela, "Pamela", "both", "undefined", stream),
			row(terry, injection, "from", "undefined", stream),
		}},
		{"pamela-hall", []string{
			row(demo, "Demo", "both", "undefined", stream),
			row(jacqueline, "Jacqueline", "none", "undefined", stream),
		}},
		{"terry-alvarez", []string{row(demo, "Demo", "none", "undefined", stream)}},
		{"lois-johnson", nil},
		{"jacqueline-moore", nil},
	}
}

// accountNames returns the names of all accounts.
func accountNames() []string {
	var names []string
	for _, r := range expectedRosters() {
		names = append(names, r.account)
	}
	return names
}

// row returns an item as getRoster and ejabberdctl print it: jid, nick,
// subscription, ask and groups, separated by tabs.
func row(columns ...string) string { return strings.Join(columns, "\t") }
