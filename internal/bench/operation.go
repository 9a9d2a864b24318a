package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// stanza is a request to the server.
type stanza struct{ to, typ, payload string }

// xml returns the stanza as a request with that id.
func (s stanza) xml(from, id string) string {
	return fmt.Sprintf("<iq id='%s' type='%s' from='%s' to='%s'>%s</iq>", id, s.typ, from, s.to, s.payload)
}

// call is a call of ejabberd's API over HTTP.
type call struct{ command, body string }

// operation is one thing to measure, in all ways in which it can be done. n numbers the
// operations of a run: those that write use a new user each.
type operation struct {
	name    string
	writes  bool
	prepare func(n int) []stanza    // writes what must stand before
	reads   func(n int) []stanza    // what one must read who writes nothing needless
	does    func(n int) []stanza    // the stanzas that do it
	verb    string                  // the verb that does it
	args    func(n int) [][2]string // its arguments
	http    func(n int) []call      // the calls that do it
}

const (
	contact = "c3"
	nick    = "Contact"
	group   = "Group"
	// standing is the number of users whose rosters stand during the whole run.
	standing = 50
)

// names are the users of one run.
type names struct{ run int }

func (u names) first(n int) string  { return fmt.Sprintf("p%d-%d", u.run, n) }
func (u names) second(n int) string { return fmt.Sprintf("q%d-%d", u.run, n) }
func stood(n int) string            { return fmt.Sprintf("s%d", n%standing) }
func jidOf(user string) string      { return user + "@" + host }

// pairA and pairB have each other during the whole run.
const pairA, pairB = "pair-a", "pair-b"

func none(int) []stanza { return nil }

// operations returns the operations, for users of their own.
func operations(u names) []operation {
	addArgs := func(user func(int) string) func(int) [][2]string {
		return func(n int) [][2]string {
			return [][2]string{{"userJid", jidOf(user(n))}, {"buddyJid", jidOf(contact)}, {"buddyNick", nick}, {"buddyGroup", group}, {"subscription_type", "both"}}
		}
	}
	return []operation{
		{
			name: "get", reads: none, does: func(n int) []stanza { return []stanza{get(stood(n))} },
			verb: "getRoster", args: func(n int) [][2]string { return [][2]string{{"userJid", jidOf(stood(n))}} },
			http: func(n int) []call { return []call{getCall(stood(n))} },
		},
		{
			name: "unchanged add", reads: none, does: func(n int) []stanza { return []stanza{get(stood(n))} },
			verb: "addBuddyToRoster", args: addArgs(stood),
			http: func(n int) []call { return []call{addCall(stood(n), contact)} },
		},
		{
			name: "check a pair", reads: none, does: func(int) []stanza { return []stanza{get(pairA), get(pairB)} },
			verb: "checkBidirecctionalBuddys", args: func(int) [][2]string { return [][2]string{{"userAJid", jidOf(pairA)}, {"userBJid", jidOf(pairB)}} },
			http: func(int) []call { return []call{getCall(pairA), getCall(pairB)} },
		},
		{
			name: "add", writes: true,
			reads: func(n int) []stanza { return []stanza{get(u.first(n))} }, does: func(n int) []stanza { return []stanza{add(u.first(n), contact)} },
			verb: "addBuddyToRoster", args: addArgs(u.first),
			http: func(n int) []call { return []call{addCall(u.first(n), contact)} },
		},
		{
			name: "pair", writes: true,
			reads: func(n int) []stanza { return []stanza{get(u.first(n)), get(u.second(n))} },
			does:  func(n int) []stanza { return []stanza{add(u.first(n), u.second(n)), add(u.second(n), u.first(n))} },
			verb:  "setBidireccionalBuddys", args: func(n int) [][2]string {
				return [][2]string{
					{"userAJid", jidOf(u.first(n))}, {"userBJid", jidOf(u.second(n))}, {"userANick", nick}, {"userBNick", nick}, {"groupForA", group}, {"groupForB", group},
				}
			},
			http: func(n int) []call {
				return []call{addCall(u.first(n), u.second(n)), addCall(u.second(n), u.first(n))}
			},
		},
		{
			name: "remove", writes: true, prepare: func(n int) []stanza { return []stanza{add(u.first(n), contact)} },
			reads: func(n int) []stanza { return []stanza{get(u.first(n))} },
			does: func(n int) []stanza {
				return []stanza{{jidOf(u.first(n)), "set", "<query xmlns='jabber:iq:roster'><item jid='" + jidOf(contact) + "' subscription='remove'/></query>"}}
			},
			verb: "removeBuddyFromRoster", args: func(n int) [][2]string {
				return [][2]string{{"userJid", jidOf(u.first(n))}, {"buddyJid", jidOf(contact)}}
			},
			http: func(n int) []call {
				return []call{{"delete_rosteritem", encode(map[string]any{"localuser": u.first(n), "localhost": host, "user": contact, "host": host})}}
			},
		},
	}
}

func get(user string) stanza { return stanza{jidOf(user), "get", "<query xmlns='jabber:iq:roster'/>"} }

func add(user, contact string) stanza {
	return stanza{host, "set", form("api-commands/add_rosteritem", [][2]string{
		{"localuser", user}, {"localhost", host}, {"user", contact}, {"host", host}, {"nick", nick}, {"groups", group}, {"subs", "both"},
	})}
}

// form returns a command with its form filled in, in one step.
func form(node string, fields [][2]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<command xmlns='http://jabber.org/protocol/commands' node='%s' action='execute'><x xmlns='jabber:x:data' type='submit'>", node)
	for _, f := range fields {
		fmt.Fprintf(&b, "<field var='%s'><value>%s</value></field>", f[0], f[1])
	}
	b.WriteString("</x></command>")
	return b.String()
}

func getCall(user string) call {
	return call{"get_roster", encode(map[string]any{"user": user, "host": host})}
}

func addCall(user, contact string) call {
	return call{"add_rosteritem", encode(map[string]any{
		"localuser": user, "localhost": host, "user": contact, "host": host, "nick": nick, "groups": []string{group}, "subs": "both",
	})}
}

// encode returns JSON of a value that can be encoded.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is always a map of strings
	}
	return string(text)
}
