package verb_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/fault"
	"emanagement/room"
	"emanagement/verb"
	"emanagement/verb/wire"
)

// withRooms returns a server with two rooms on each host.
func withRooms() *memory {
	m := &memory{rooms: make(map[room.Room][]room.Affiliate)}
	for _, host := range served {
		for _, name := range []string{"two", "one"} {
			m.rooms[room.Room{Name: name, Host: host}] = []room.Affiliate{
				{JID: jid.MustParse("v@a.example"), Affiliation: room.Owner},
				{JID: jid.MustParse("far.example"), Affiliation: room.Outcast},
			}
		}
	}
	return m
}

func TestRoomAnswers(t *testing.T) {
	const one = "Room one@conference.a.example"
	for _, test := range []struct {
		verb, room string
		more       []string
		want       string // the lines
		refused    bool
	}{
		{"createRoom", "new", nil, "Done", false},
		{"createRoom", "One", nil, one + " already exists", true},
		{"createPersistentRoom", "new", nil, "Done", false},
		{"createPersistentRoom", "one", nil, one + " already exists", true},
		{"destroyRoom", "ONE", nil, "Done", false},
		{"destroyRoom", "none", nil, "Room none@conference.a.example not found", true},
		{"getAllJidsOfRoom", "one", nil, "far.example\nv@a.example", false},
		{"getAllJidsOfRoom", "none", nil, "Room none@conference.a.example not found", true},
		{"getAffiliationsOfRoom", "one", nil, "far.example\toutcast\nv@a.example\towner", false},
		{"getAffiliationsOfRoom", "none", nil, "Room none@conference.a.example not found", true},
		{"setJidAffiliationOfRoom", "one", []string{"jid", "v@a.example/r", "affiliation", "none"}, "Done", false},
		{"setJidAffiliationOfRoom", "none", []string{"jid", "v@a.example", "affiliation", "owner"}, "Room none@conference.a.example not found", true},
		{"printAllRoomsByDomain", "", nil, "one@conference.a.example\ntwo@conference.a.example", false},
		{"printAllRooms", "", nil, "one@conference.a.example\none@conference.b.example\ntwo@conference.a.example\ntwo@conference.b.example", false},
	} {
		t.Run(test.verb+"-"+test.room, func(t *testing.T) {
			r, err := newNamespace(withRooms(), everything).Run(t.Context(), verb.Request{
				Requester: admin, Front: "test", Verb: test.verb,
				Values: args(append(test.more, "roomName", test.room, "domain", "a.example")...),
			})
			require.NoError(t, err)
			assert.Equal(t, test.want, strings.Join(r.Lines(), "\n"))
			assert.Equal(t, test.refused, r.Refused())
		})
	}
}

func TestRoomArguments(t *testing.T) {
	for name, test := range map[string]struct {
		room, domain string
		want         *wire.Error
	}{
		"no room":    {" ", "a.example", verb.BadArgument("roomName", "a value is missing")},
		"two words":  {"two words", "a.example", verb.BadArgument("roomName", `"two words" is not a room's name: it has no blanks (\20 stands for one)`)},
		"a JID":      {"one@conference.a.example", "a.example", verb.BadArgument("roomName", `"one@conference.a.example" is not a room's name: it stands before the @ of a JID, without any of "&'/:<>@`)},
		"no domain":  {"one", "", verb.BadArgument("domain", "a value is missing")},
		"every host": {"one", "all", verb.BadArgument("domain", `"all" is not a domain`)},
		"not a host": {"one", "u@a.example", verb.BadArgument("domain", `"u@a.example" is not a domain`)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, name := range []string{"createRoom", "createPersistentRoom", "destroyRoom", "getAllJidsOfRoom", "getAffiliationsOfRoom", "setJidAffiliationOfRoom"} {
				m := withRooms()
				_, err := newNamespace(m, everything).Run(t.Context(), verb.Request{
					Requester: admin, Front: "test", Verb: name,
					Values: args("roomName", test.room, "domain", test.domain, "jid", "v@a.example", "affiliation", "owner"),
				})
				var refused *wire.Error
				require.ErrorAs(t, err, &refused, name)
				assert.Equal(t, test.want, refused, name)
				assert.Empty(t, m.read)
				assert.Empty(t, m.written)
			}
		})
	}
}

func TestRoomFailures(t *testing.T) {
	lost := fmt.Errorf("the stream: %w", fault.ErrNoAnswer)
	for name, test := range map[string]struct {
		verb  string
		cause error
		text  string
	}{
		"uncertain":     {"createRoom", lost, "the server did not answer; whether it did what was asked is unknown (new@conference.a.example does not exist now)"},
		"not loaded":    {"createRoom", &fault.NotPermittedError{Host: "a.example", Reason: "load it"}, "a.example: the server does not permit it: load it"},
		"anything else": {"createRoom", errors.New("some secret"), "something went wrong here; the log of the component says what"},
	} {
		t.Run(name, func(t *testing.T) {
			m := withRooms()
			m.fail = func(write bool) error {
				if write {
					return test.cause
				}
				return nil
			}
			_, err := newNamespace(m, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: test.verb, Values: args("roomName", "new", "domain", "a.example")})
			var failed *wire.Error
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, test.text, failed.Text)
			assert.ErrorIs(t, err, test.cause)
		})
	}
}

// TestRoomRefusals checks that these errors are refusals, not failures.
func TestRoomRefusals(t *testing.T) {
	for _, cause := range []error{&room.NoServiceError{Host: "a.example"}, &room.ForeignUserError{User: jid.MustParse("v@far.example")}} {
		m := withRooms()
		m.fail = func(bool) error { return cause }
		r, err := newNamespace(m, everything).Run(t.Context(), verb.Request{
			Requester: admin, Front: "test", Verb: "setJidAffiliationOfRoom",
			Values: args("roomName", "one", "domain", "a.example", "jid", "v@far.example", "affiliation", "owner"),
		})
		require.NoError(t, err)
		assert.True(t, r.Refused())
		assert.Equal(t, cause.Error(), r.Outcome())
	}
}

// TestDestroyAllRooms checks that no room is destroyed without the right confirmation, and
// that only rooms of the named hosts are destroyed with it.
func TestDestroyAllRooms(t *testing.T) {
	for _, test := range []struct {
		verb, domain, confirm string
		want                  string // the error
		left                  int
	}{
		{"destroyAllRooms", "", "", "4 rooms on a.example, b.example would be destroyed", 4},
		{"destroyAllRooms", "", "a.example", `confirm: "a.example" is not "all"`, 4},
		{"destroyAllRooms", "", "all", "", 0},
		{"destroyAllRoomsByDomain", "all", "all", "", 0},
		{"destroyAllRoomsByDomain", "a.example", "", "2 rooms on a.example would be destroyed", 4},
		{"destroyAllRoomsByDomain", "a.example", "all", `confirm: "all" is not "a.example"`, 4},
		{"destroyAllRoomsByDomain", "A.example", "a.example", "", 2},
	} {
		t.Run(test.verb+"-"+test.domain+"-"+test.confirm, func(t *testing.T) {
			m := withRooms()
			r, err := newNamespace(m, everything).Run(t.Context(), verb.Request{
				Requester: admin, Front: "test", Verb: test.verb, Values: args("domain", test.domain, "confirm", test.confirm),
			})
			assert.Len(t, m.rooms, test.left)
			if test.want != "" {
				assert.EqualError(t, err, test.want)
				assert.Empty(t, m.written)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{"Done"}, r.Lines())
		})
	}
}

// TestRoomPreviewFails checks that a preview that fails does not count as a confirmation.
func TestRoomPreviewFails(t *testing.T) {
	for name, cause := range map[string]error{"refused": &room.NoServiceError{Host: "a.example"}, "failed": errors.New("some secret")} {
		t.Run(name, func(t *testing.T) {
			m, fails := withRooms(), true
			m.fail = func(bool) error {
				if fails {
					fails = false // the next call would succeed
					return cause
				}
				return nil
			}
			r, err := newNamespace(m, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "destroyAllRoomsByDomain", Values: args("domain", "a.example")})
			assert.Equal(t, name == "refused", r.Refused())
			assert.Equal(t, name == "failed", errors.Is(err, cause))
			assert.Len(t, m.rooms, 4)
		})
	}
}

// TestDestroyAllRoomsFails checks that the other rooms are destroyed if some fail, and that
// the error names the failures, up to a limit.
func TestDestroyAllRoomsFails(t *testing.T) {
	for _, fails := range []int{1, 3, 50} {
		m := withRooms()
		for i := range 100 {
			m.rooms[room.Room{Name: fmt.Sprintf("room%02d", i), Host: "a.example"}] = nil
		}
		left := fails
		m.fail = func(write bool) error {
			if left--; write && left >= 0 {
				return errors.New("some secret")
			}
			if !write {
				left++
			}
			return nil
		}
		_, err := newNamespace(m, everything).Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: "destroyAllRoomsByDomain", Values: args("domain", "a.example", "confirm", "a.example")})
		var failed *wire.Error
		require.ErrorAs(t, err, &failed)
		assert.Len(t, m.rooms, 2+fails)
		lines := strings.Split(failed.Text, "\n")
		require.Len(t, lines, 1+min(fails, fault.MaxNamed+1))
		assert.Equal(t, fmt.Sprintf("%d of 102 rooms failed:", fails), lines[0])
		assert.Equal(t, "one@conference.a.example: something went wrong here; the log of the component says what", lines[1])
		if fails > fault.MaxNamed {
			assert.Equal(t, "and 40 more, which the log names", lines[11])
		}
	}
}

// TestDestroyAllRoomsStops checks the progress of the verb, and that it ends when it is
// stopped.
func TestDestroyAllRoomsStops(t *testing.T) {
	m := withRooms()
	n := newNamespace(m, everything)
	run := func(name string, pairs ...string) (verb.Result, error) {
		return n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name, Values: args(pairs...)})
	}
	writes := 0
	m.fail = func(write bool) error {
		if write {
			writes++
		}
		if write && writes == 3 {
			list, err := run("listJobs")
			assert.NoError(t, err)
			assert.Contains(t, strings.Join(list.Lines(), "\n"), "\t2 of 4 rooms, 0 failed")
			_, err = run("stopJob", "job", "1")
			assert.NoError(t, err)
		}
		return nil
	}
	_, err := run("destroyAllRooms", "confirm", "all")
	var failed *wire.Error
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "stopped; what was done until then stays done: 2 of 4 rooms, 0 failed", failed.Text)
	assert.Len(t, m.rooms, 1)
}

// TestRoomLog checks that each change of a room leaves a line in the audit log, and the verb
// another one.
func TestRoomLog(t *testing.T) {
	var log bytes.Buffer
	m := withRooms()
	records := slog.New(slog.NewTextHandler(&log, nil))
	n := verb.New(verb.Services{Rooms: room.New(audit.Rooms(m)), OwnDomain: own}, []verb.Grant{everything}, records, records)
	for name, want := range map[string]string{
		"createPersistentRoom":    "room=new@conference.a.example change=created persistent=true outcome=done",
		"createRoom":              "room=one@conference.a.example change=created persistent=false outcome=\"the room exists already\"",
		"destroyRoom":             "room=two@conference.a.example change=destroyed outcome=done",
		"setJidAffiliationOfRoom": "room=one@conference.a.example change=affiliation jid=u@a.example before=none after=member outcome=done",
		"getAffiliationsOfRoom":   "",
	} {
		log.Reset()
		roomName := "one"
		if want != "" {
			roomName, _, _ = strings.Cut(strings.TrimPrefix(want, "room="), "@")
		}
		_, err := n.Run(t.Context(), verb.Request{Requester: admin, Front: "test", Verb: name, Values: args("roomName", roomName, "domain", "a.example", "jid", "u@a.example", "affiliation", "member")})
		require.NoError(t, err)
		if want == "" {
			assert.Empty(t, log.String())
			continue
		}
		assert.Equal(t, 2, strings.Count(log.String(), "\n"))
		assert.Contains(t, log.String(), " asker=admin@a.example/r front=test verb="+name+" "+want)
	}
}
