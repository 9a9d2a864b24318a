package verb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
	"emanagement/rosterpush/hosts"
	"emanagement/verb"
	"emanagement/verb/jobs"
	"emanagement/verb/wire"
)

func request(name string, pairs ...string) verb.Request {
	return verb.Request{Asker: admin, Front: "test", Verb: name, Values: args(pairs...)}
}

func both(contacts ...string) (items []rosterpush.Item) {
	for _, c := range contacts {
		items = append(items, rosterpush.Item{JID: jid.MustParse(c), Name: "N", Subscription: rosterpush.Both, Groups: []string{"G"}})
	}
	return items
}

const rule = "-------------------------------------"

// small is a server with four rosters on two hosts.
func small() *memory {
	return &memory{rosters: map[string][]rosterpush.Item{
		"a@a.example": both("c@a.example", "b@a.example", "d@b.example"),
		"b@a.example": both("a@a.example"),
		"c@a.example": both("a@a.example", "x@far.example"),
		"d@b.example": both("a@a.example"),
	}}
}

func TestLists(t *testing.T) {
	const sources = "; found by memory: "
	const ofA, ofBoth = sources + "4 on a.example", sources + "4 on a.example, 2 on b.example"
	printed := func(name string, items ...string) []string {
		lines := []string{rule, name + " Roster", rule}
		for _, i := range items {
			lines = append(lines, i+"\tN\tboth\tnone\tG")
		}
		return append(lines, rule)
	}
	join := func(parts ...[]string) (lines []string) {
		for _, p := range parts {
			lines = append(lines, p...)
		}
		return lines
	}
	a := printed("a", "b@a.example", "c@a.example", "d@b.example")
	b, c, d := printed("b", "a@a.example"), printed("c", "a@a.example", "x@far.example"), printed("d", "a@a.example")
	more := func(from string) string { return "there are more: go on with from = " + from }
	for _, test := range []struct {
		request verb.Request
		outcome string
		lines   []string
	}{
		{request("getAllUserJidsWithRosterByDomain", "domain", "a.example"), "3 users" + ofA, []string{"a@a.example", "b@a.example", "c@a.example"}},
		{request("getAllUserJidsWithRosterByDomain", "domain", "all"), "4 users" + ofBoth, []string{"a@a.example", "b@a.example", "c@a.example", "d@b.example"}},
		{request("getAllUserJidsWithRosterByDomain", "domain", "a.example", "limit", "2"), "2 users; " + more("b@a.example") + ofA, []string{"a@a.example", "b@a.example"}},
		{request("getAllUserJidsWithRosterByDomain", "domain", "a.example", "limit", "2", "from", "b@a.example"), "1 user" + ofA, []string{"c@a.example"}},
		{request("getAllUserJidsWithRosterByDomain", "domain", "a.example", "limit", "3"), "3 users" + ofA, []string{"a@a.example", "b@a.example", "c@a.example"}},
		{request("getAllUserJidsWithRosterByDomain", "domain", "a.example", "from", "z@a.example"), "0 users" + ofA, []string{}},
		{request("printAllRostersByDomain", "domain", "a.example"), "3 rosters" + ofA, join(a, b, c, []string{"Done"})},
		{request("printAllRostersByDomain", "domain", "all", "from", "c@a.example"), "1 roster" + ofBoth, join(d, []string{"Done"})},
		{request("printAllRosters"), "4 rosters" + ofBoth, join(a, b, c, d, []string{"Done"})},
		{request("printAllRosters", "limit", "1"), "1 roster; " + more("a@a.example") + ofBoth, join(a, []string{more("a@a.example")})},
		{request("printAllRosters", "limit", "2", "from", "a@a.example"), "2 rosters; " + more("c@a.example") + ofBoth, join(b, c, []string{more("c@a.example")})},
		{request("printAllBidirecctionalBuddysByDomain", "domain", "a.example"), "2 pairs" + ofA, []string{"[a@a.example,b@a.example]", "[a@a.example,c@a.example]", "Done"}},
		{request("printAllBidirecctionalBuddysByDomain", "domain", "all"), "3 pairs" + ofBoth, []string{"[a@a.example,b@a.example]", "[a@a.example,c@a.example]", "[a@a.example,d@b.example]", "Done"}},
		{request("printAllBidirecctionalBuddysByDomain", "domain", "all", "limit", "1"), "3 pairs" + ofBoth, []string{"[a@a.example,b@a.example]", "[a@a.example,c@a.example]", "[a@a.example,d@b.example]", "Done"}},
		{request("printAllBidirecctionalBuddysByDomain", "domain", "all", "from", "a@a.example"), "0 pairs" + ofBoth, []string{"Done"}},
	} {
		t.Run(fmt.Sprint(test.request.Verb, test.request.Values), func(t *testing.T) {
			r, err := newNamespace(small(), everything).Run(t.Context(), test.request)
			require.NoError(t, err)
			assert.Equal(t, test.outcome, r.Outcome())
			assert.Equal(t, test.lines, r.Lines())
		})
	}
}

// TestAnswersAreBounded: a list that is too big for one answer goes on in the
// next, and nothing is left out.
func TestAnswersAreBounded(t *testing.T) {
	server := &memory{rosters: make(map[string][]rosterpush.Item)}
	long := strings.Repeat("n", 100_000)
	for i := range 30 {
		server.rosters[fmt.Sprintf("u%02d@a.example", i)] = []rosterpush.Item{{JID: jid.MustParse("c@far.example"), Name: long, Subscription: rosterpush.None}}
	}
	n := newNamespace(server, everything)
	seen, answers := 0, 0
	for from := ""; ; answers++ {
		r, err := n.Run(t.Context(), request("printAllRosters", "from", from))
		require.NoError(t, err)
		lines := r.Lines()
		text := strings.Join(lines, "\n")
		require.Less(t, len(text), 1_300_000)
		seen += strings.Count(text, " Roster\n")
		var more bool
		if _, from, more = strings.Cut(lines[len(lines)-1], "from = "); !more {
			assert.Equal(t, "Done", lines[len(lines)-1])
			break
		}
	}
	assert.Equal(t, 30, seen)
	assert.Equal(t, 2, answers, "beside the last")
}

func TestConfirmation(t *testing.T) {
	for _, test := range []struct {
		request verb.Request
		want    error // nil: it is done
		left    int   // rosters
	}{
		{request("removeAllRostersByDomain", "domain", "a.example"), &wire.Error{Kind: wire.Confirm, Text: "this removes 6 items of 3 rosters on a.example", Word: "a.example"}, 4},
		{request("removeAllRostersByDomain", "domain", "all"), &wire.Error{Kind: wire.Confirm, Text: "this removes 7 items of 4 rosters on every host", Word: "all"}, 4},
		{request("removeAllRosters"), &wire.Error{Kind: wire.Confirm, Text: "this removes 7 items of 4 rosters on every host", Word: "all"}, 4},
		{request("removeAllRostersByDomain", "domain", "a.example", "confirm", "all"), verb.BadArgument("confirm", `"all" is not "a.example"`), 4},
		{request("removeAllRostersByDomain", "domain", "all", "confirm", "a.example"), verb.BadArgument("confirm", `"a.example" is not "all"`), 4},
		{request("removeAllRosters", "confirm", "a.example"), verb.BadArgument("confirm", `"a.example" is not "all"`), 4},
		{request("removeAllRosters", "confirm", "yes"), verb.BadArgument("confirm", `"yes" is not "all"`), 4},
		{request("removeAllRostersByDomain", "domain", "A.example", "confirm", "a.example"), nil, 1},
		{request("removeAllRosters", "confirm", "all"), nil, 0},
	} {
		t.Run(fmt.Sprint(test.request.Verb, test.request.Values), func(t *testing.T) {
			server := small()
			r, err := newNamespace(server, everything).Run(t.Context(), test.request)
			if test.want != nil {
				assert.Equal(t, test.want, err)
				assert.Empty(t, server.written)
			} else {
				require.NoError(t, err)
				assert.Equal(t, []string{"Done"}, r.Lines())
			}
			left := 0
			for _, items := range server.rosters {
				left += min(1, len(items))
			}
			assert.Equal(t, test.left, left)
		})
	}
}

// TestUnconfirmedWhereGranted: a grant that saves an asker the confirmation does
// so on its own hosts, and not on those of another grant.
func TestUnconfirmedWhereGranted(t *testing.T) {
	const name = "removeAllRostersByDomain"
	job := verb.Process{UID: 1001}
	uid := job.UID
	grants := []verb.Grant{
		{UID: &uid, Role: verb.Admin, Hosts: []string{"a.example"}, Unconfirmed: []string{name}},
		{UID: &uid, Role: verb.Admin, Hosts: []string{"b.example"}},
	}
	for host, free := range map[string]bool{"a.example": true, "b.example": false} {
		server := small()
		q := request(name, "domain", host)
		q.Asker = job
		_, err := newNamespace(server, grants...).Run(t.Context(), q)
		if free {
			require.NoError(t, err)
			continue
		}
		assert.Equal(t, wire.Confirm, wire.KindOf(err))
		assert.Empty(t, server.written)
	}
}

// TestStakesThatFail are no consent.
func TestStakesThatFail(t *testing.T) {
	for name, cause := range map[string]error{
		"any": errors.New("made to fail"), "one that is told as an answer elsewhere": &rosterpush.ForeignContactError{},
	} {
		t.Run(name, func(t *testing.T) {
			server := small()
			server.fail = func(write bool) error {
				if !write {
					return cause
				}
				return nil
			}
			r, err := newNamespace(server, everything).Run(t.Context(), request("removeAllRosters"))
			if !r.Refused() {
				var failed *wire.Error
				require.ErrorAs(t, err, &failed)
				assert.ErrorIs(t, err, cause)
			}
			assert.Empty(t, server.written)
		})
	}
}

func TestRemovalSaysWhatIsGone(t *testing.T) {
	server := small()
	n := newNamespace(server, everything)
	r, err := n.Run(t.Context(), request("removeAllRostersByDomain", "domain", "a.example", "confirm", "a.example"))
	require.NoError(t, err)
	assert.Equal(t, "Done; 6 items of 3 rosters removed; found by memory: 4 on a.example", r.Outcome())

	server = small()
	for i := range 30 {
		server.rosters[fmt.Sprintf("u%d@b.example", i)] = both("x@far.example")
	}
	server.fail = func(write bool) error {
		if write {
			return errors.New("some secret of the machine")
		}
		return nil
	}
	_, err = newNamespace(server, everything).Run(t.Context(), request("removeAllRosters", "confirm", "all"))
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, failed.Text, "0 items of 0 rosters removed; ")
	assert.Contains(t, failed.Text, "@b.example: x@far.example: something went wrong here; the log of the component says what; ", "each item is named")
	assert.Contains(t, failed.Text, "; and 24 more, which the log names")
	assert.NotContains(t, failed.Text, "secret")
	assert.GreaterOrEqual(t, strings.Count(failed.Error(), "some secret"), 34, "one of each roster at least")
}

// TestRemovalWithoutIndex: where nobody can write down who is cut off, nothing
// is, and the asker learns no more than that.
func TestRemovalWithoutIndex(t *testing.T) {
	server := small()
	source := server.source()
	source.Save = func(context.Context, []jid.JID) error { return errors.New("some secret of the machine") }
	rosters := rosterpush.New(server)
	n := verb.New(verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, source), Jobs: jobs.New(t.Context()), Own: own,
		Hosts: func(context.Context) ([]string, error) { return served, nil },
	}, []verb.Grant{everything}, slog.New(slog.DiscardHandler), slog.New(slog.DiscardHandler))
	_, err := n.Run(t.Context(), request("removeAllRosters", "confirm", "all"))
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "the memory cannot be read or written (the log of the component says why), and without it somebody might be missed", failed.Text)
	assert.Empty(t, server.written)
}

// TestNobodyIsNoAnswer: where nothing is known of a host, its rosters are not
// said to be gone.
func TestNobodyIsNoAnswer(t *testing.T) {
	rosters := rosterpush.New(new(memory))
	services := verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters), Jobs: jobs.New(context.Background()),
		Hosts: func(context.Context) ([]string, error) { return served, nil },
	}
	n := verb.New(services, []verb.Grant{everything}, slog.New(slog.DiscardHandler), slog.New(slog.DiscardHandler))
	for _, q := range []verb.Request{
		request("removeAllRosters"), request("removeAllRosters", "confirm", "all"),
		request("printAllRosters"), request("getAllUserJidsWithRosterByDomain", "domain", "a.example"),
		request("printAllBidirecctionalBuddysByDomain", "domain", "a.example"),
	} {
		_, err := n.Run(t.Context(), q)
		var failed *wire.Error
		require.ErrorAs(t, err, &failed, q)
		assert.Contains(t, failed.Text, "nobody with a roster was found")
		assert.Contains(t, failed.Text, "emanagement users import")
	}
}

// told is a namespace whose messages arrive in a channel.
func told(m *memory, log *slog.Logger) (*verb.Namespace, *jobs.Jobs, chan string) {
	messages, working := make(chan string, 10_000), jobs.New(context.Background())
	rosters := rosterpush.New(m)
	n := verb.New(verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, m.source()), Jobs: working,
		Hosts: func(context.Context) ([]string, error) { return served, nil },
		Tell: func(_ context.Context, to jid.JID, text string) error {
			messages <- fmt.Sprintf("to %s: %s", to, text)
			return nil
		},
	}, []verb.Grant{everything}, log, log)
	return n, working, messages
}

// TestLongRemoval outlasts its asker: the server answers no read of one user
// until it is told to.
func TestLongRemoval(t *testing.T) {
	server, release := small(), make(chan struct{})
	server.rosters["slow@a.example"] = both("x@far.example")
	server.wait = func(user jid.JID) {
		if user.Localpart() == "slow" {
			<-release
		}
	}
	n, working, messages := told(server, slog.New(slog.DiscardHandler))
	n.Impatient(time.Nanosecond)
	r, err := n.Run(t.Context(), request("removeAllRosters", "confirm", "all"))
	require.NoError(t, err)
	assert.Equal(t, "job 1: removeAllRosters goes on; messages will tell how far it is and how it ends, and so does listJobs", r.Outcome())
	assert.Len(t, list(t, n), 1)
	close(release)
	working.Wait()
	close(messages)
	var all []string
	for m := range messages {
		all = append(all, m)
	}
	end := all[len(all)-1]
	assert.Equal(t, "to admin@a.example/r: job 1: removeAllRosters: Done; 8 items of 5 rosters removed; found by memory: 5 on a.example, 2 on b.example", end)
	for _, m := range all[:len(all)-1] {
		assert.Regexp(t, `^to admin@a.example/r: job 1: removeAllRosters: goes on: \d rosters? looked at, \d items? of \d rosters? removed$`, m)
	}
	assert.NotEmpty(t, all[:len(all)-1])
	assert.Empty(t, list(t, n))
}

func list(t *testing.T, n *verb.Namespace) []string {
	t.Helper()
	r, err := n.Run(t.Context(), request("listJobs"))
	require.NoError(t, err)
	return r.Lines()
}

// TestStoppedRemoval says what it had done.
func TestStoppedRemoval(t *testing.T) {
	server, asked, release := small(), make(chan struct{}), make(chan struct{})
	isAsked := sync.OnceFunc(func() { close(asked) })
	server.wait = func(user jid.JID) {
		if user.Localpart() == "d" {
			isAsked()
			<-release
		}
	}
	n, working, messages := told(server, slog.New(slog.DiscardHandler))
	n.Impatient(time.Nanosecond)
	_, err := n.Run(t.Context(), request("removeAllRosters", "confirm", "all"))
	require.NoError(t, err)
	<-asked
	r, err := n.Run(t.Context(), request("stopJob", "job", "1"))
	require.NoError(t, err)
	assert.Equal(t, "Done", r.Outcome())
	close(release)
	working.Wait()
	close(messages)
	end := ""
	for end = range messages {
	}
	assert.Regexp(t, `job 1: removeAllRosters: stopped; what was done until then stays done: \d rosters? looked at, (\d items?) of \d rosters? removed$`, end)
}

// TestLongListIsCutInAMessage: what a chat cannot show is not sent.
func TestLongListIsCutInAMessage(t *testing.T) {
	server, release := new(memory), make(chan struct{})
	server.rosters = make(map[string][]rosterpush.Item)
	for i := range 1000 {
		server.rosters[fmt.Sprintf("user-%04d@a.example", i)] = both("x@far.example")
	}
	server.wait = func(jid.JID) { <-release }
	n, working, messages := told(server, slog.New(slog.DiscardHandler))
	n.Impatient(time.Nanosecond)
	_, err := n.Run(t.Context(), request("getAllUserJidsWithRosterByDomain", "domain", "a.example"))
	require.NoError(t, err)
	close(release)
	working.Wait()
	close(messages)
	end := ""
	for end = range messages {
	}
	assert.Less(t, len(end), 17_000)
	shown := strings.Split(end, "\n")
	assert.Contains(t, shown[0], "1000 users; found by memory")
	assert.Equal(t, "user-0000@a.example", shown[1])
	assert.Equal(t, fmt.Sprintf("(%d lines left out; ask again for less at once)", 1000-(len(shown)-2)), shown[len(shown)-1])
}
