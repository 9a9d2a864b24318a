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
	return verb.Request{Requester: admin, Front: "test", Verb: name, Values: args(pairs...)}
}

func both(contacts ...string) (items []rosterpush.Item) {
	for _, c := range contacts {
		items = append(items, rosterpush.Item{JID: jid.MustParse(c), Name: "N", Subscription: rosterpush.Both, Groups: []string{"G"}})
	}
	return items
}

const rule = "-------------------------------------"

// small returns a server with four rosters on two hosts.
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

// TestAnswersAreBounded checks that a list that is too long for one answer continues in the
// next one, and that no entry is missing.
func TestAnswersAreBounded(t *testing.T) {
	server := &memory{rosters: make(map[string][]rosterpush.Item)}
	long := strings.Repeat("n", 100_000)
	for i := range 30 {
		server.rosters[fmt.Sprintf("u%02d@a.example", i)] = []rosterpush.Item{{JID: jid.MustParse("c@far.example"), Name: long, Subscription: rosterpush.None}}
	}
	n := newNamespace(server, everything)
	seen, pages := 0, 0
	for from := ""; ; pages++ {
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
	assert.Equal(t, 2, pages, "before the last one")
}

func TestConfirmation(t *testing.T) {
	for _, test := range []struct {
		request verb.Request
		want    error // nil: none
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

// TestUnconfirmedWhereGranted checks that a grant with Unconfirmed applies to its own hosts,
// and not to those of another grant.
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
		q.Requester = job
		_, err := newNamespace(server, grants...).Run(t.Context(), q)
		if free {
			require.NoError(t, err)
			continue
		}
		assert.Equal(t, wire.Confirm, wire.KindOf(err))
		assert.Empty(t, server.written)
	}
}

// TestPreviewThatFails checks that a preview that fails does not count as a confirmation.
func TestPreviewThatFails(t *testing.T) {
	for name, cause := range map[string]error{
		"any": errors.New("made to fail"), "one that other verbs answer by a refusal": &rosterpush.ForeignContactError{},
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
	assert.Contains(t, failed.Text, "@b.example: x@far.example: something went wrong here; the log of the component says what; ", "the error names each item")
	assert.Contains(t, failed.Text, "; and 24 more, which the log names")
	assert.NotContains(t, failed.Text, "secret")
	assert.GreaterOrEqual(t, strings.Count(failed.Error(), "some secret"), 34, "one of each roster at least")
}

// TestRemovalWithoutIndex checks that no item is removed if the index cannot save the users,
// and that the requester does not learn the cause.
func TestRemovalWithoutIndex(t *testing.T) {
	server := small()
	source := server.source()
	source.Save = func(context.Context, []jid.JID) error { return errors.New("some secret of the machine") }
	rosters := rosterpush.New(server)
	n := verb.New(verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, source), Jobs: jobs.New(t.Context()), OwnDomain: own,
		Hosts: func(context.Context) ([]string, error) { return served, nil },
	}, []verb.Grant{everything}, slog.New(slog.DiscardHandler), slog.New(slog.DiscardHandler))
	_, err := n.Run(t.Context(), request("removeAllRosters", "confirm", "all"))
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "the memory cannot be read or written (the log of the component says why), and without it somebody might be missed", failed.Text)
	assert.Empty(t, server.written)
}

// TestInconclusiveSearch checks that a host without any known user is an error, not an empty
// list.
func TestInconclusiveSearch(t *testing.T) {
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

// newNotifying returns a namespace whose messages about jobs arrive in a channel.
func newNotifying(m *memory, log *slog.Logger) (*verb.Namespace, *jobs.Jobs, chan string) {
	messages, working := make(chan string, 10_000), jobs.New(context.Background())
	rosters := rosterpush.New(m)
	n := verb.New(verb.Services{
		Rosters: rosters, HostRosters: hosts.New(rosters, m.source()), Jobs: working,
		Hosts: func(context.Context) ([]string, error) { return served, nil },
		Notify: func(_ context.Context, to jid.JID, text string) error {
			messages <- fmt.Sprintf("to %s: %s", to, text)
			return nil
		},
	}, []verb.Grant{everything}, log, log)
	return n, working, messages
}

// TestLongRemoval checks a removal that continues as a job: the server answers the read of
// one roster late.
func TestLongRemoval(t *testing.T) {
	server, release := small(), make(chan struct{})
	server.rosters["slow@a.example"] = both("x@far.example")
	server.wait = func(user jid.JID) {
		if user.Localpart() == "slow" {
			<-release
		}
	}
	n, working, messages := newNotifying(server, slog.New(slog.DiscardHandler))
	n.SetWaits(time.Nanosecond)
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

// list returns the lines of listJobs.
func list(t *testing.T, n *verb.Namespace) []string {
	t.Helper()
	r, err := n.Run(t.Context(), request("listJobs"))
	require.NoError(t, err)
	return r.Lines()
}

// TestStoppedRemoval checks that the message about a stopped removal tells what it has done.
func TestStoppedRemoval(t *testing.T) {
	server, asked, release := small(), make(chan struct{}), make(chan struct{})
	isAsked := sync.OnceFunc(func() { close(asked) })
	server.wait = func(user jid.JID) {
		if user.Localpart() == "d" {
			isAsked()
			<-release
		}
	}
	n, working, messages := newNotifying(server, slog.New(slog.DiscardHandler))
	n.SetWaits(time.Nanosecond)
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

// TestLongListInAMessage checks that a message with a long list is shortened.
func TestLongListInAMessage(t *testing.T) {
	server, release := new(memory), make(chan struct{})
	server.rosters = make(map[string][]rosterpush.Item)
	for i := range 1000 {
		server.rosters[fmt.Sprintf("user-%04d@a.example", i)] = both("x@far.example")
	}
	server.wait = func(jid.JID) { <-release }
	n, working, messages := newNotifying(server, slog.New(slog.DiscardHandler))
	n.SetWaits(time.Nanosecond)
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
