package e2e_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// submission is a verb's form filled in for the users a and b, with the items
// before it, its outcome, and the rosters after it.
type submission struct {
	before map[string]storedItem
	values map[string][]string
	note   string
	text   string
	lines  []string // the lines within a session; nil: only the text
	after  map[string][]storedItem
}

// submissions returns a submission for every verb about the rosters of single
// users.
func submissions(a, b string) map[string]submission {
	const nick, group = `Terry "T" <&> ✓`, "Semi;colon"
	pair := map[string]storedItem{a: {b, "B", "both", []string{}}, b: {a, "A", "both", []string{}}}
	paired := map[string][]storedItem{a: {pair[a]}, b: {pair[b]}}
	one := map[string]storedItem{a: {b, nick, "to", []string{"One", "Two"}}}
	return map[string]submission{
		"addBuddyToRoster": {
			nil, formValues("userJid", a, "buddyJid", b, "buddyNick", nick, "buddyGroup", "Two", "buddyGroup", group, "subscription_type", "from"),
			"info", "Done", nil, map[string][]storedItem{a: {{b, nick, "from", []string{group, "Two"}}}},
		},
		"removeBuddyFromRoster": {
			one, formValues("userJid", a, "buddyJid", b),
			"info", "Done", nil, nil,
		},
		"setBidireccionalBuddys": {
			nil, formValues("userAJid", a, "userBJid", b, "userANick", "A", "userBNick", nick, "groupForA", group, "groupForB", "One", "groupForB", "Two"),
			"info", "Done", nil, map[string][]storedItem{a: {{b, nick, "both", []string{"One", "Two"}}}, b: {{a, "A", "both", []string{group}}}},
		},
		"unsetBidireccionalBuddys": {
			pair, formValues("userJid", a, "oldFriendJid", b, "oldFriendNick", nick, "groupForOldFriend", group),
			"info", "Done", nil, map[string][]storedItem{a: {{b, nick, "to", []string{group}}}},
		},
		"getRoster": {
			one, formValues("userJid", a),
			"info", "1 item", []string{strings.Join([]string{b, nick, "to", "One, Two"}, " – ")}, map[string][]storedItem{a: {one[a]}},
		},
		"removeRoster": {
			one, formValues("userJid", a),
			"info", "Done", nil, nil,
		},
		"checkUserJid": {
			nil, formValues("userJid", a),
			"info", "false", nil, nil,
		},
		"checkBidirecctionalBuddys": {
			pair, formValues("userAJid", a, "userBJid", b),
			"info", "true", nil, paired,
		},
	}
}

// briefSubmission is the form of another verb filled in. Only the kind and the
// text of the outcome are checked here; the verb's own tests check its effect.
type briefSubmission struct {
	values map[string][]string
	note   string
	text   string // a regular expression
}

// briefSubmissions returns one for every verb that is not in submissions. The
// user a is registered and not connected; the room does not exist.
func briefSubmissions(a, room string) map[string]briefSubmission {
	user, hosted := formValues("userJid", a), formValues("roomName", room, "domain", "localhost")
	absent := "^" + regexp.QuoteMeta(a) + " no have any active session$"
	with := func(values map[string][]string, pairs ...string) map[string][]string {
		all := formValues(pairs...)
		maps.Copy(all, values)
		return all
	}
	message := with(nil, "admin", "SocialStream", "userJids", "["+a+"]", "msg", "several\nlines <&>")
	noRoom := "^Room .* not found$"
	return map[string]briefSubmission{
		"removeAllRostersByDomain":             {formValues("domain", "localhost", "confirm", "nonsense"), "error", "confirm"},
		"removeAllRosters":                     {formValues("confirm", "nonsense"), "error", "confirm"},
		"getAllUserJidsWithRosterByDomain":     {formValues("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ users?; "},
		"printAllRostersByDomain":              {formValues("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ rosters?; "},
		"printAllRosters":                      {formValues("from", "a@localhost", "limit", "5"), "info", "^[0-9]+ rosters?; "},
		"printAllBidirecctionalBuddysByDomain": {formValues("domain", "localhost", "from", "a@localhost", "limit", "5"), "info", "^[0-9]+ pairs?; "},

		"setPresence":              {with(user, "status", "s", "priority", "5"), "error", absent},
		"unsetPresence":            {with(user, "status", "s"), "error", absent},
		"sendPresence":             {with(user, "show", "dnd", "status", "s", "priority", "-1"), "error", absent},
		"getUserResource":          {user, "error", absent},
		"getConnectedJids":         {nil, "info", "^[1-9][0-9]* users?$"},
		"getConnectedJidsByDomain": {formValues("domain", "all"), "info", "^[1-9][0-9]* users?$"},
		"kickUserJid":              {user, "error", absent},
		"isEjabberdNodeStarted":    {nil, "info", "^true$"},

		"sendMessageToUser":         {formValues("fromJid", "SocialStream", "toJid", a, "msg", "several\nlines <&>"), "info", "^Done$"},
		"broadcast":                 {message, "info", "^sent to 1"},
		"broadcastToConnectedUsers": {message, "info", "^sent to 0"},

		"createPersistentRoom":    {with(hosted, "roomName", room), "info", "^Done$"},
		"createRoom":              {formValues("roomName", room+"2", "domain", "localhost"), "info", "^Done$"},
		"destroyRoom":             {formValues("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"destroyAllRoomsByDomain": {formValues("domain", "example.org", "confirm", "example.org"), "info", `^Done; \d+ rooms? destroyed$`},
		"destroyAllRooms":         {formValues("confirm", "nonsense"), "error", "confirm"},
		"getAllJidsOfRoom":        {formValues("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"getAffiliationsOfRoom":   {formValues("roomName", room+"3", "domain", "localhost"), "error", noRoom},
		"setJidAffiliationOfRoom": {formValues("roomName", room+"3", "domain", "localhost", "jid", a, "affiliation", "member"), "error", noRoom},
		"printAllRoomsByDomain":   {formValues("domain", "localhost"), "info", "^[0-9]+ rooms?$"},
		"printAllRooms":           {nil, "info", "^[0-9]+ rooms?$"},

		"listJobs": {nil, "info", "^[0-9]+ jobs?$"},
		"stopJob":  {formValues("job", "1000000"), "error", "^job 1000000 not found$"},
	}
}

// prepare stores the items before the submission.
func (s submission) prepare(t testing.TB) {
	for user, e := range s.before {
		storeItems(t, server, user, e)
	}
}
