package verb_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/room"
	"emanagement/verb"
	"emanagement/verb/wire"
)

func TestParseRole(t *testing.T) {
	for _, r := range []verb.Role{verb.Read, verb.Write, verb.Admin} {
		got, err := verb.ParseRole(r.String())
		assert.NoError(t, err)
		assert.Equal(t, r, got)
	}
	for _, s := range []string{"", "Read", " read", "all", "0"} {
		_, err := verb.ParseRole(s)
		assert.EqualError(t, err, fmt.Sprintf("%q is not a role (read, write, admin)", s))
	}
}

// TestGrantJID checks which requesters the grant of an account covers, and which the grant of
// a domain.
func TestGrantJID(t *testing.T) {
	for _, test := range []struct {
		grant, requester string
		want             bool
	}{
		{"app@a.example", "app@a.example/r", true},
		{"app@a.example", "app@a.example", true},
		{"APP@A.example", "app@a.example/R", true},
		{"app@a.example", "app@b.example/r", false},
		{"app@a.example", "application@a.example/r", false},
		{"app@a.example", "a.example/app", false},
		{"app.a.example", "app.a.example/r", true},
		{"app.a.example", "app.a.example", true},
		{"app.a.example", "app@app.a.example/r", false},
		{"app.a.example", "a.example", false},
		{"a.example", "app.a.example/r", false},
	} {
		t.Run(test.grant+"-"+test.requester, func(t *testing.T) {
			n := newNamespace(new(memory), verb.Grant{JID: jid.MustParse(test.grant), Role: verb.Read})
			verbs := n.Visible(jid.MustParse(test.requester))
			assert.Equal(t, test.want, len(verbs) > 0)
		})
	}
}

func TestFind(t *testing.T) {
	reader, stranger := jid.MustParse("reader@a.example/r"), jid.MustParse("stranger@a.example/r")
	n := newNamespace(new(memory), everything, verb.Grant{JID: reader.Bare(), Role: verb.Read})
	for _, test := range []struct {
		requester jid.JID
		verb      string
		want      string // the error; empty: none
	}{
		{admin, "removeRoster", ""},
		{reader, "getRoster", ""},
		{reader, "removeRoster", "reader@a.example may not run removeRoster: it takes the role write"},
		{reader, "getRoaster", notRecognized + "; did you mean getRoster?"},
		{reader, "removeRooster", notRecognized},
		{reader, "", notRecognized},
		{stranger, "getRoster", "stranger@a.example may not run commands here"},
		{stranger, "nothing", "stranger@a.example may not run commands here"},
	} {
		t.Run(fmt.Sprint(test.requester.Localpart(), "-", test.verb), func(t *testing.T) {
			v, err := n.Find(test.requester, test.verb)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, test.verb, v.Name)
				return
			}
			var refused *wire.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.want, refused.Text+refused.Hint())
			assert.Equal(t, !strings.HasPrefix(test.want, notRecognized), isForbidden(err))
		})
	}
}

// notRecognized is what the script of 2012 printed for an unknown command.
const notRecognized = "Error: Command not recognized\nUse 'help' to get information about command syntax"

func isForbidden(err error) bool {
	return wire.KindOf(err) == wire.Forbidden
}

// TestGrantsNeverExtend runs random verbs with random arguments, for requesters with random
// grants. Each request to the server lies within one of the grants, by role and by host. A
// run that lies within one grant is not refused.
func TestGrantsNeverExtend(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 356))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	accounts := []string{"x@a.example", "y@a.example", "x@b.example", "a.example", "app.example"}
	verbs := newNamespace(new(memory), everything).Visible(admin)
	outcomes := make(map[bool]int)
	for range 20_000 {
		var grants []verb.Grant
		for range r.IntN(4) {
			grants = append(grants, verb.Grant{
				JID: jid.MustParse(pick(accounts...)), Role: verb.Role(1 + r.IntN(3)),
				Hosts: slices.DeleteFunc([]string{"a.example", "b.example", "c.example"}, func(string) bool { return r.IntN(2) == 0 }),
			})
		}
		requester := jid.MustParse(pick(accounts...) + pick("", "/r", "/a.example"))
		v := verbs[r.IntN(len(verbs))]
		values := make(map[string][]string)
		for i, p := range v.Params {
			switch p.Kind {
			case verb.User, verb.Session, verb.Recipient, verb.Sender:
				values[p.Name] = []string{fmt.Sprintf("user%d@%s", i, pick("a.example", "A.Example", "b.example", "b.example."))}
			case verb.Contact:
				values[p.Name] = []string{pick("contact@", "") + pick("a.example", "b.example", "B.EXAMPLE/r", "far.example")}
			case verb.Domain:
				values[p.Name] = []string{pick("a.example", "b.example", "all")}
			case verb.Host:
				values[p.Name] = []string{pick("a.example", "B.example", "b.example")}
			case verb.RecipientsOrAll, verb.Recipients:
				values[p.Name] = []string{pick("[x@a.example,x@b.example]", "x@a.example\nx@b.example/r", "[x@a.example]")}
			case verb.Number:
				values[p.Name] = []string{"1"}
			case verb.Text, verb.Lines, verb.Room:
				values[p.Name] = []string{"text"}
			case verb.Confirm:
				values[p.Name] = []string{pick("a.example", "all", "")}
			case verb.After:
				values[p.Name] = []string{"user@" + pick("a.example", "c.example")}
			default:
				if o := p.Kind.Options(); o != nil {
					values[p.Name] = o[:1]
				}
			}
		}

		server := &memory{rooms: map[room.Room][]room.Affiliate{{Name: "text", Host: "a.example"}: nil, {Name: "x", Host: "b.example"}: nil}}
		n := newNamespace(server, grants...)
		_, err := n.Run(t.Context(), verb.Request{Requester: requester, Front: "test", Verb: v.Name, Values: values})

		for _, p := range v.Params {
			if p.Kind == verb.Confirm || p.Kind == verb.After { // these name no host that the verb concerns
				delete(values, p.Name)
			}
		}
		named := jids(values)
		if len(named) == 0 && !v.Hostless {
			named = []jid.JID{jid.MustParse(verb.All)}
		}
		within := slices.ContainsFunc(grants, func(g verb.Grant) bool {
			outside := func(j jid.JID) bool { return len(g.Hosts) > 0 && !slices.Contains(g.Hosts, j.Domainpart()) }
			return g.JID.Equal(requester.Bare()) && g.Role >= v.Role && (g.Role > verb.Read || len(server.written) == 0) &&
				!slices.ContainsFunc(slices.Concat(server.read, server.written, named), outside)
		})
		require.Equalf(t, within, !isForbidden(err), "%s %s %v: grants %v: %v", requester, v.Name, values, grants, err)
		if !within {
			require.Empty(t, server.read)
			require.Empty(t, server.written)
		}
		require.Equal(t, slices.ContainsFunc(n.Visible(requester), func(o *verb.Verb) bool { return o.Name == v.Name }), canFind(n, requester, v.Name))
		outcomes[within]++
	}
	assert.Greater(t, outcomes[true], 1000)
	assert.Greater(t, outcomes[false], 1000)
}

func canFind(n *verb.Namespace, requester jid.JID, name string) bool {
	_, err := n.Find(requester, name)
	return err == nil
}

// jids returns what the arguments of a verb name: JIDs, domains, and all. The argument
// confirm names nothing.
func jids(values map[string][]string) []jid.JID {
	var found []jid.JID
	for name, v := range values {
		if name == "confirm" {
			continue
		}
		for _, word := range strings.FieldsFunc(v[0], func(r rune) bool { return strings.ContainsRune("[],\n", r) }) {
			if j, err := jid.Parse(word); err == nil && (strings.Contains(word, ".") || word == verb.All) {
				found = append(found, j)
			}
		}
	}
	return found
}

// TestTwoGrants checks that one grant must cover everything that a run names.
func TestTwoGrants(t *testing.T) {
	requester := jid.MustParse("app@a.example/r")
	n := newNamespace(new(memory),
		verb.Grant{JID: requester.Bare(), Role: verb.Write, Hosts: []string{"a.example"}},
		verb.Grant{JID: requester.Bare(), Role: verb.Read, Hosts: []string{"b.example"}})
	for _, test := range []struct {
		verb, a, b string
		want       bool
	}{
		{"setBidireccionalBuddys", "u@a.example", "v@a.example", true},
		{"setBidireccionalBuddys", "u@b.example", "v@b.example", false},
		{"setBidireccionalBuddys", "u@a.example", "v@b.example", false},
		{"checkBidirecctionalBuddys", "u@a.example", "v@a.example", true},
		{"checkBidirecctionalBuddys", "u@b.example", "v@b.example", true},
	} {
		_, err := n.Run(t.Context(), verb.Request{Requester: requester, Front: "test", Verb: test.verb, Values: args("userAJid", test.a, "userBJid", test.b)})
		assert.Equal(t, !test.want, isForbidden(err), test)
		if !test.want {
			assert.ErrorContains(t, err, "app@a.example may not run "+test.verb)
		}
	}
}
