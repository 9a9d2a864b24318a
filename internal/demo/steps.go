package main

import "strings"

// The people of the guide.
const (
	host       = "localhost"
	admin      = "admin@localhost"
	demo       = "demo@localhost"
	pamela     = "pamela-hall@localhost"
	terry      = "terry-alvarez@localhost"
	lois       = "lois-johnson@localhost"
	jacqueline = "jacqueline-moore@localhost"
	stream     = "SocialStream" // the one group
)

// injection is a nick that the script of 2012 would have run.
const injection = `Terry "T" $(reboot)`

// step is one command, with its arguments in the order of the guide, and the
// answer.
type step struct {
	remark string // what begins here, "" for nothing new
	verb   string
	args   []string
	want   []string
}

// steps is the demo from its first command to its last. Rosters are shown by
// JID in alphabetical order, while the guide's example has no order.
func steps() []step {
	done := []string{"Done"}
	return []step{
		{"contacts that were replied to: each has the other", "setBidireccionalBuddys",
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

		{"a contact without a reply", "addBuddyToRoster",
			[]string{demo, jacqueline, "Jacqueline", stream, "from"}, done},
		{"", "getRoster", []string{demo}, []string{
			row(jacqueline, "Jacqueline", "from", "none", stream),
			row(lois, "Lois", "both", "none", stream),
			row(pamela, "Pamela", "both", "none", stream),
			row(terry, "Terry", "both", "none", stream),
		}},

		{"a reply that is withdrawn", "unsetBidireccionalBuddys", []string{demo, lois, "Lois", stream}, done},
		{"", "checkBidirecctionalBuddys", []string{demo, lois}, []string{"false"}},

		{"a contact that is given up, and is then no longer there", "removeBuddyFromRoster", []string{demo, terry}, done},
		{"", "removeBuddyFromRoster", []string{demo, terry},
			[]string{"User terry-alvarez@localhost not found in demo@localhost roster."}},

		{"a nick that the script of 2012 would have run as a shell command", "addBuddyToRoster",
			[]string{demo, terry, injection, stream, "from"}, done},
		{"", "getRoster", []string{demo}, []string{
			row(jacqueline, "Jacqueline", "from", "none", stream),
			row(lois, "Lois", "to", "none", stream),
			row(pamela, "Pamela", "both", "none", stream),
			row(terry, injection, "from", "none", stream),
		}},

		{"somebody who leaves", "removeRoster", []string{jacqueline}, done},
		{"", "getRoster", []string{jacqueline},
			[]string{"Roster not found for user jacqueline-moore@localhost"}},
	}
}

// roster is what the server shall store for a person in the end, sorted.
type roster struct {
	person string
	want   []string
}

// rosters has everybody. Who removes a contact ends both subscriptions, and
// the contact's own item stays with none (RFC 6121 §2.5.2): such are demo in
// terry's roster and jacqueline in pamela's. An ask that getRoster shows as
// none is undefined to ejabberdctl.
func rosters() []roster {
	return []roster{
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

// people are the names of all accounts.
func people() []string {
	var names []string
	for _, r := range rosters() {
		names = append(names, r.person)
	}
	return names
}

// row is an item as getRoster and ejabberdctl show it: jid, nick,
// subscription, ask, groups.
func row(columns ...string) string { return strings.Join(columns, "\t") }
