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

var seed = flag.Uint64("seed", 0, "of TestModel, to repeat a failure; 0 for a new one each time")

// model is the expected behaviour of the verbs, in memory. It follows the
// specification of emanagement's verbs, RFC 6121 §2.5 and appendix A, and a
// server's knowledge of its accounts. It does not follow the implementation.
type model struct {
	rosters    map[string]map[string]storedItem // by user and contact
	registered map[string]bool
}

// put writes an item.
func (m *model) put(user string, e storedItem) {
	if m.rosters[user] == nil {
		m.rosters[user] = make(map[string]storedItem)
	}
	e.Groups = strings.FieldsFunc(strings.Join(e.Groups, "\n"), func(r rune) bool { return r == '\n' }) // one group per line
	e.Groups = append([]string{}, e.Groups...)
	slices.Sort(e.Groups)
	e.Groups = slices.Compact(e.Groups)
	m.rosters[user][e.JID] = e
}

// remove removes an item. The user's server notifies the contact's server of
// each subscription that ends (RFC 6121 §2.5.1), and that changes the contact's
// item. "unsubscribe" ends the contact's "from", "unsubscribed" ends its "to".
// A server cannot notify an account that it does not know.
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

// stored returns a user's roster as the server's own API command would.
func (m *model) stored(user string) []storedItem {
	items := slices.Collect(maps.Values(m.rosters[user]))
	slices.SortFunc(items, func(a, b storedItem) int { return strings.Compare(a.JID, b.JID) })
	return append([]storedItem{}, items...)
}

// lines returns a user's roster as getRoster prints it.
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

// run carries out a verb. It returns the printed lines, and reports whether
// they are a refusal.
func (m *model) run(verb string, v map[string][]string) (lines []string, refused bool) {
	refusal := func(format string, args ...any) ([]string, bool) { return []string{fmt.Sprintf(format, args...)}, true }
	one := func(name string) string { return strings.Join(v[name], "") }
	switch verb {
	case "addBuddyToRoster":
		m.put(one("userJid"), storedItem{one("buddyJid"), one("buddyNick"), one("subscription_type"), v["buddyGroup"]})
	case "removeBuddyFromRoster":
		user, buddy := one("userJid"), one("buddyJid")
		if _, ok := m.rosters[user][buddy]; !ok {
			return refusal("User %s not found in %s roster.", buddy, user)
		}
		m.remove(user, buddy)
	case "setBidireccionalBuddys":
		a, b := one("userAJid"), one("userBJid")
		m.put(a, storedItem{b, one("userBNick"), "both", v["groupForB"]})
		m.put(b, storedItem{a, one("userANick"), "both", v["groupForA"]})
	case "unsetBidireccionalBuddys":
		user, friend := one("userJid"), one("oldFriendJid")
		if !m.bidirectional(user, friend) {
			return refusal("%s and %s aren't bidireccional buddys", user, friend)
		}
		delete(m.rosters[friend], user)
		m.put(user, storedItem{friend, one("oldFriendNick"), "to", v["groupForOldFriend"]})
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

// generator makes up verbs for the model and the server.
type generator struct {
	*rand.Rand
	users []string
	texts []string
}

func (c generator) pick(from ...string) string { return from[c.IntN(len(from))] }

// pickPair returns two different users. In most cases the first one has the
// second one as a contact.
func (c generator) pickPair(m *model) (a, b string) {
	a = c.pick(c.users...)
	if contacts := slices.Sorted(maps.Keys(m.rosters[a])); len(contacts) > 0 && c.IntN(3) > 0 {
		return a, c.pick(contacts...)
	}
	for b = a; b == a; {
		b = c.pick(c.users...)
	}
	return a, b
}

// respell writes the JIDs of the arguments in one of several spellings that
// users use.
func (c generator) respell(pairs []string) []string {
	pairs = slices.Clone(pairs)
	for i := 0; i < len(pairs); i += 2 {
		if j := pairs[i+1]; strings.HasSuffix(pairs[i], "Jid") {
			pairs[i+1] = c.pick(j, j, j, strings.ToUpper(j), j+"/Phone", " "+j+"\n")
		}
	}
	return pairs
}

// groups returns up to three values for a field of groups, as pairs.
func (c generator) groups(field string) []string {
	var pairs []string
	for range c.IntN(4) {
		pairs = append(pairs, field, c.pick(c.texts...))
	}
	return pairs
}

// verb makes up one verb and its arguments.
func (c generator) verb(m *model) (verb string, pairs []string) {
	user, other := c.pickPair(m)
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

// TestModel runs random sequences of verbs on the program with a real server,
// and on the model. Every answer must be the same, and every roster after each
// sequence. Some users, on two hosts, have an account, and others have none.
func TestModel(t *testing.T) {
	const sequences, length = 20, 40
	seed := cmp.Or(*seed, uint64(time.Now().UnixNano()))
	admin := login(t, "admin@localhost")
	kinds := make(map[string][]string) // the kinds of answers that occurred, by verb
	for s := range sequences {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			var sequence strings.Builder
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("to repeat: -run TestModel -seed %d; the failed sequence:%s", seed, &sequence)
				}
			})
			m := &model{rosters: make(map[string]map[string]storedItem), registered: make(map[string]bool)}
			c := generator{Rand: rand.New(rand.NewPCG(seed, uint64(s))), users: newUsers(t, m), texts: append([]string{"", "two\nlines", "a\ttab"}, awkward...)}
			for range length {
				verb, pairs := c.verb(m)
				fmt.Fprintf(&sequence, "\n%s %q", verb, pairs)
				kinds[verb] = append(kinds[verb], assertSameAnswer(t, admin, m, verb, pairs, c.respell(pairs)))
			}
			for _, u := range c.users {
				assertSameRoster(t, admin, m, u)
			}
		})
	}
	if !t.Failed() {
		assertAllKinds(t, kinds)
	}
}

// newUsers returns six users, three on each of two hosts, and registers every
// other one.
func newUsers(t *testing.T, m *model) []string {
	var users []string
	for _, host := range []string{"localhost", "example.org"} {
		users = append(users, uniqueJIDs(t, host, "a", "b", "c")...)
	}
	for i, u := range users {
		if i%2 == 0 {
			register(t, u)
			m.registered[u] = true
		}
	}
	return users
}

// assertSameAnswer runs a verb on the program and on the model, compares the
// answers and returns the kind of the answer. spelled are the same arguments in
// other spellings.
func assertSameAnswer(t *testing.T, admin *xmppclient.Client, m *model, verb string, pairs, spelled []string) string {
	t.Helper()
	want, refused := m.run(verb, formValues(pairs...))
	got := runVerb(t, admin, verb, spelled...)
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
	assert.Equal(t, m.stored(user), append([]storedItem{}, storedRoster(t, server, user)...), user)
	assertSameAnswer(t, admin, m, "getRoster", []string{"userJid", user}, []string{"userJid", user})
}

// assertAllKinds checks that every kind of answer occurred: sequences that
// never set a pair, for example, would prove little.
func assertAllKinds(t *testing.T, kinds map[string][]string) {
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
		assert.Equal(t, want, slices.Compact(slices.Sorted(slices.Values(kinds[verb]))), verb)
	}
}
