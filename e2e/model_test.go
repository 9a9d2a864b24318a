package e2e_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/xmppclient"
)

var seed = flag.Uint64("seed", 0, "of TestModel, to see again what a failure printed; 0 for another each time")

// model is what the verbs shall do, in memory: written from what emanagement's
// verbs were specified to do, from RFC 6121 §2.5 and its appendix A, and from
// what a server knows of accounts, not from how it is done here.
type model struct {
	rosters    map[string]map[string]entry // by user and contact
	registered map[string]bool
}

// put makes an item stand.
func (m *model) put(user string, e entry) {
	if m.rosters[user] == nil {
		m.rosters[user] = make(map[string]entry)
	}
	e.Groups = strings.FieldsFunc(strings.Join(e.Groups, "\n"), func(r rune) bool { return r == '\n' }) // one a line
	e.Groups = append([]string{}, e.Groups...)
	slices.Sort(e.Groups)
	e.Groups = slices.Compact(e.Groups)
	m.rosters[user][e.JID] = e
}

// remove takes an item out. The user's server tells the contact's of each
// subscription that ends (RFC 6121 §2.5.1), and this changes the item there:
// "unsubscribe" ends the contact's from, "unsubscribed" its to. An account
// that it does not know a server cannot tell.
func (m *model) remove(user, contact string) {
	was := m.rosters[user][contact].Subscription
	delete(m.rosters[user], contact)
	theirs, ok := m.rosters[contact][user]
	if !ok || !m.registered[contact] {
		return
	}
	to := includesTo(theirs.Subscription) && !includesFrom(was)
	from := includesFrom(theirs.Subscription) && !includesTo(was)
	theirs.Subscription = subscription(to, from)
	m.rosters[contact][user] = theirs
}

func includesTo(s string) bool   { return s == "to" || s == "both" }
func includesFrom(s string) bool { return s == "from" || s == "both" }

func subscription(to, from bool) string {
	switch {
	case to && from:
		return "both"
	case to:
		return "to"
	case from:
		return "from"
	}
	return "none"
}

func (m *model) bidirectional(a, b string) bool {
	return m.rosters[a][b].Subscription == "both" && m.rosters[b][a].Subscription == "both"
}

// stored is a user's roster as the server's own command would tell it.
func (m *model) stored(user string) []entry {
	items := slices.Collect(maps.Values(m.rosters[user]))
	slices.SortFunc(items, func(a, b entry) int { return strings.Compare(a.JID, b.JID) })
	return append([]entry{}, items...)
}

// lines is a user's roster as getRoster prints it.
func (m *model) lines(user string) []string {
	escape := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\u202e", `\u202e`)
	var lines []string
	for _, e := range m.stored(user) {
		groups := make([]string, len(e.Groups))
		for i, g := range e.Groups {
			groups[i] = escape.Replace(g)
		}
		lines = append(lines, strings.Join([]string{e.JID, escape.Replace(e.Nick), e.Subscription, "none", strings.Join(groups, ";")}, "\t"))
	}
	return lines
}

// run does what a verb does and returns what it prints, and whether that is a
// refusal.
func (m *model) run(verb string, v map[string][]string) (lines []string, refused bool) {
	refusal := func(format string, args ...any) ([]string, bool) { return []string{fmt.Sprintf(format, args...)}, true }
	one := func(name string) string { return strings.Join(v[name], "") }
	switch verb {
	case "addBuddyToRoster":
		m.put(one("userJid"), entry{one("buddyJid"), one("buddyNick"), one("subscription_type"), v["buddyGroup"]})
	case "removeBuddyFromRoster":
		user, buddy := one("userJid"), one("buddyJid")
		if _, ok := m.rosters[user][buddy]; !ok {
			return refusal("User %s not found in %s roster.", buddy, user)
		}
		m.remove(user, buddy)
	case "setBidireccionalBuddys":
		a, b := one("userAJid"), one("userBJid")
		m.put(a, entry{b, one("userBNick"), "both", v["groupForB"]})
		m.put(b, entry{a, one("userANick"), "both", v["groupForA"]})
	case "unsetBidireccionalBuddys":
		user, friend := one("userJid"), one("oldFriendJid")
		if !m.bidirectional(user, friend) {
			return refusal("%s and %s aren't bidireccional buddys", user, friend)
		}
		delete(m.rosters[friend], user)
		m.put(user, entry{friend, one("oldFriendNick"), "to", v["groupForOldFriend"]})
	case "removeRoster":
		user := one("userJid")
		if len(m.rosters[user]) == 0 {
			return refusal("Roster not found for userJid %s", user)
		}
		for contact := range maps.Clone(m.rosters[user]) {
			m.remove(user, contact)
		}
	case "getRoster":
		user := one("userJid")
		if len(m.rosters[user]) == 0 {
			return refusal("Roster not found for user %s", user)
		}
		return m.lines(user), false
	case "checkUserJid":
		return []string{fmt.Sprint(len(m.rosters[one("userJid")]) > 0)}, false
	case "checkBidirecctionalBuddys":
		return []string{fmt.Sprint(m.bidirectional(one("userAJid"), one("userBJid")))}, false
	default:
		panic(verb)
	}
	return []string{"Done"}, false
}

// chance makes up what is asked of the model and the server.
type chance struct {
	*rand.Rand
	users []string
	texts []string
}

func (c chance) pick(from ...string) string { return from[c.IntN(len(from))] }

// two are different users, mostly such that one has the other already.
func (c chance) two(m *model) (a, b string) {
	a = c.pick(c.users...)
	if contacts := slices.Sorted(maps.Keys(m.rosters[a])); len(contacts) > 0 && c.IntN(3) > 0 {
		return a, c.pick(contacts...)
	}
	for b = a; b == a; {
		b = c.pick(c.users...)
	}
	return a, b
}

// spelled are arguments with their JIDs in one of the ways in which people
// write them.
func (c chance) spelled(pairs []string) []string {
	pairs = slices.Clone(pairs)
	for i := 0; i < len(pairs); i += 2 {
		if j := pairs[i+1]; strings.HasSuffix(pairs[i], "Jid") {
			pairs[i+1] = c.pick(j, j, j, strings.ToUpper(j), j+"/Phone", " "+j+"\n")
		}
	}
	return pairs
}

// groups are those of a field, a value each.
func (c chance) groups(field string) []string {
	var pairs []string
	for range c.IntN(4) {
		pairs = append(pairs, field, c.pick(c.texts...))
	}
	return pairs
}

// verb makes up one verb and its arguments.
func (c chance) verb(m *model) (verb string, pairs []string) {
	user, other := c.two(m)
	switch n := c.IntN(100); {
	case n < 30:
		return "addBuddyToRoster", append(c.groups("buddyGroup"), "userJid", user, "buddyJid", other,
			"buddyNick", c.pick(c.texts...), "subscription_type", c.pick("none", "to", "from", "both"))
	case n < 50:
		return "setBidireccionalBuddys", append(append(c.groups("groupForA"), c.groups("groupForB")...), "userAJid", user, "userBJid", other,
			"userANick", c.pick(c.texts...), "userBNick", c.pick(c.texts...))
	case n < 65:
		return "removeBuddyFromRoster", []string{"userJid", user, "buddyJid", other}
	case n < 80:
		return "unsetBidireccionalBuddys", append(c.groups("groupForOldFriend"), "userJid", user, "oldFriendJid", other, "oldFriendNick", c.pick(c.texts...))
	case n < 84:
		return "removeRoster", []string{"userJid", user}
	case n < 90:
		return "getRoster", []string{"userJid", user}
	case n < 94:
		return "checkUserJid", []string{"userJid", user}
	}
	return "checkBidirecctionalBuddys", []string{"userAJid", user, "userBJid", other}
}

// TestModel has random sequences of verbs run by the program, against the
// server, and by the model. Every answer is the same, and after each sequence
// every roster. Some users have an account and some have not, at two hosts.
func TestModel(t *testing.T) {
	const sequences, length = 20, 40
	seed := cmp.Or(*seed, uint64(time.Now().UnixNano()))
	admin := login(t, "admin@localhost")
	seen := make(map[string][]string) // kinds of answers, by verb
	for s := range sequences {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			var sequence strings.Builder
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("-run TestModel -seed %d shows it again; it came after:%s", seed, &sequence)
				}
			})
			m := &model{rosters: make(map[string]map[string]entry), registered: make(map[string]bool)}
			c := chance{Rand: rand.New(rand.NewPCG(seed, uint64(s))), users: newUsers(t, m), texts: append([]string{"", "two\nlines", "a\ttab"}, awkward...)}
			for range length {
				verb, pairs := c.verb(m)
				fmt.Fprintf(&sequence, "\n%s %q", verb, pairs)
				seen[verb] = append(seen[verb], assertSameAnswer(t, admin, m, verb, pairs, c.spelled(pairs)))
			}
			for _, u := range c.users {
				assertSameRoster(t, admin, m, u)
			}
		})
	}
	if !t.Failed() {
		assertAllSeen(t, seen)
	}
}

// newUsers are six, every other one registered, at the two hosts.
func newUsers(t *testing.T, m *model) []string {
	var users []string
	for _, host := range []string{"localhost", "example.org"} {
		users = append(users, people(t, host, "a", "b", "c")...)
	}
	for i, u := range users {
		if i%2 == 0 {
			register(t, u)
			m.registered[u] = true
		}
	}
	return users
}

// assertSameAnswer runs a verb in both and returns of which kind the answer
// is.
func assertSameAnswer(t *testing.T, admin *xmppclient.Client, m *model, verb string, pairs, spelled []string) string {
	t.Helper()
	want, refused := m.run(verb, args(pairs...))
	got := run(t, admin, verb, spelled...)
	require.Equal(t, want, got.lines)
	require.Equal(t, refused, got.note == "error")
	switch {
	case refused:
		return "refused"
	case verb == "getRoster":
		return "items"
	}
	return want[0]
}

func assertSameRoster(t *testing.T, admin *xmppclient.Client, m *model, user string) {
	t.Helper()
	assert.Equal(t, m.stored(user), append([]entry{}, stored(t, server, user)...), user)
	assertSameAnswer(t, admin, m, "getRoster", []string{"userJid", user}, []string{"userJid", user})
}

// assertAllSeen: sequences that never made a pair would not say much.
func assertAllSeen(t *testing.T, seen map[string][]string) {
	for verb, want := range map[string][]string{
		"addBuddyToRoster":          {"Done"},
		"removeBuddyFromRoster":     {"Done", "refused"},
		"setBidireccionalBuddys":    {"Done"},
		"unsetBidireccionalBuddys":  {"Done", "refused"},
		"removeRoster":              {"Done", "refused"},
		"getRoster":                 {"items", "refused"},
		"checkUserJid":              {"false", "true"},
		"checkBidirecctionalBuddys": {"false", "true"},
	} {
		assert.Equal(t, want, slices.Compact(slices.Sorted(slices.Values(seen[verb]))), verb)
	}
}
