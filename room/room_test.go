package room_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/room"
)

// errUnknown is an error after which it is unknown whether a change was made.
var errUnknown = fmt.Errorf("the stream was lost: %w", fault.ErrNoAnswer)

var lobby = room.Room{Name: "lobby", Host: "a.example"}

func TestParse(t *testing.T) {
	for given, want := range map[string]string{
		"lobby":                   "lobby",
		"Lobby":                   "lobby",
		`two\20words`:             `two\20words`,
		"e\u0301":                 "é",
		"☃":                       "☃", // not allowed for a new room, but a room may have it
		strings.Repeat("x", 1023): strings.Repeat("x", 1023),
		"":                        "",
		strings.Repeat("x", 1024): "",
		"two words":               "",
		"tab\t":                   "",
		"nbsp\u00a0":              "",
		"line\nfeed":              "",
		"nul\x00":                 "",
		"\ufffe":                  "",
		"\xff":                    "",
		"zero\u200bwidth":         "",
		"at@sign":                 "",
		"sl/ash":                  "",
		`"`:                       "",
		"<":                       "",
		"&":                       "",
		"☃:":                      "",
	} {
		t.Run(fmt.Sprintf("%.12q", given), func(t *testing.T) {
			lobby, err := room.Parse(given, "a.example")
			if want != "" {
				require.NoError(t, err)
				assert.Equal(t, room.Room{Name: want, Host: "a.example"}, lobby)
				assert.Equal(t, want+"@conference.a.example", lobby.String())
				return
			}
			var refused *room.NameError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, given, refused.Name)
			assert.Contains(t, refused.Why, "not a room's name: ")
		})
	}
}

func TestCreate(t *testing.T) {
	for _, persistent := range []bool{false, true} {
		m := newMemory()
		require.NoError(t, room.New(m).Create(t.Context(), lobby, persistent))
		assert.Equal(t, map[room.Room]bool{lobby: persistent}, m.created)
		assert.ErrorIs(t, room.New(m).Create(t.Context(), lobby, !persistent), room.ErrExists)
		assert.Equal(t, map[room.Room]bool{lobby: persistent}, m.created)
	}
}

// TestCreateRefusesNames: Create is stricter than Parse, which accepts the names of
// existing rooms.
func TestCreateRefusesNames(t *testing.T) {
	for _, name := range []string{"☃", "", "two words", "a@b"} {
		m := newMemory()
		var refused *room.NameError
		require.ErrorAs(t, room.New(m).Create(t.Context(), room.Room{Name: name, Host: "a.example"}, true), &refused, name)
		assert.Empty(t, m.changes)
	}
}

// TestUncertain: if the server does not say whether it made a change, the error says
// whether the room exists afterwards. No change is requested twice.
func TestUncertain(t *testing.T) {
	create := func(r *room.Rooms) error { return r.Create(t.Context(), lobby, true) }
	destroy := func(r *room.Rooms) error { return r.Destroy(t.Context(), lobby) }
	unreadable := errors.New("cannot be read")
	for name, test := range map[string]struct {
		server *memory
		change func(*room.Rooms) error
		want   string // "" for success
	}{
		"created":            {&memory{}, create, "the stream was lost: the server did not answer (lobby@conference.a.example exists now)"},
		"not created":        {&memory{discard: true}, create, "the stream was lost: the server did not answer (lobby@conference.a.example does not exist now)"},
		"created unseen":     {&memory{failRead: unreadable}, create, "the stream was lost: the server did not answer"},
		"destroyed":          {newMemory("lobby"), destroy, ""},
		"not destroyed":      {&memory{rooms: newMemory("lobby").rooms, discard: true}, destroy, "the stream was lost: the server did not answer (lobby@conference.a.example exists now)"},
		"destroyed unseen":   {&memory{rooms: newMemory("lobby").rooms, failRead: unreadable}, destroy, "the stream was lost: the server did not answer"},
		"nothing to destroy": {newMemory(), destroy, room.ErrNoRoom.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			if test.server.rooms != nil {
				m.rooms = test.server.rooms
			}
			m.failChange, m.discard, m.failRead = errUnknown, test.server.discard, test.server.failRead
			err := test.change(room.New(m))
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.want)
			}
			assert.LessOrEqual(t, len(m.changes), 1)
		})
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		err  error
		want fault.Error
	}{
		{&room.NoServiceError{Host: "a.example"}, fault.Error{Code: fault.Declined, Text: "a.example has no rooms: the server has no service conference.a.example (mod_muc, under that name)"}},
		{&room.ForeignUserError{User: jid.MustParse("u@far.example")}, fault.Error{Code: fault.Declined, Text: "u@far.example: this server's API sets affiliations of users at its own hosts only, and far.example is none of them"}},
		{&room.NameError{Name: "x y", Why: "bad"}, fault.Error{Code: fault.Invalid, Text: `"x y" is bad`}},
		{&room.UncertainError{Room: lobby, Exists: true, Err: errUnknown}, fault.Error{Code: fault.NoAnswer, Text: "the server did not answer", Detail: "lobby@conference.a.example exists now"}},
	} {
		assert.Equal(t, &test.want, fault.Of(fmt.Errorf("log only: %w", test.err)))
	}
}

func TestDestroy(t *testing.T) {
	m := newMemory("lobby", "other")
	require.NoError(t, room.New(m).Destroy(t.Context(), lobby))
	assert.NotContains(t, m.rooms, lobby)
	assert.Len(t, m.rooms, 1)
	assert.ErrorIs(t, room.New(m).Destroy(t.Context(), lobby), room.ErrNoRoom)
}

func TestList(t *testing.T) {
	m := newMemory("b", "a", "c")
	m.rooms[room.Room{Name: "aa", Host: "b.example"}] = nil
	m.without = []string{"none.example"}
	list := func(hosts ...string) []string {
		all, err := room.New(m).List(t.Context(), hosts...)
		require.NoError(t, err)
		var jids []string
		for _, r := range all {
			jids = append(jids, r.String())
		}
		return jids
	}
	assert.Equal(t, []string{"a@conference.a.example", "b@conference.a.example", "c@conference.a.example"}, list("a.example"))
	assert.Equal(t, []string{"a@conference.a.example", "aa@conference.b.example", "b@conference.a.example", "c@conference.a.example"},
		list("b.example", "none.example", "a.example"), "a host without rooms has none")
	_, err := room.New(m).List(t.Context(), "none.example")
	assert.EqualError(t, err, "none.example has no rooms: the server has no service conference.none.example (mod_muc, under that name)")
	m.failRead = errUnknown
	_, err = room.New(m).List(t.Context(), "a.example", "b.example")
	assert.ErrorIs(t, err, errUnknown)
}

func TestOccupants(t *testing.T) {
	m := newMemory("lobby")
	for _, j := range []string{"z@a.example", "a@a.example", "z@a.example", "b@far.example"} {
		m.inside = append(m.inside, jid.MustParse(j))
	}
	got, err := room.New(m).Occupants(t.Context(), lobby)
	require.NoError(t, err)
	assert.Equal(t, "[a@a.example b@far.example z@a.example]", fmt.Sprint(got))
	_, err = room.New(newMemory()).Occupants(t.Context(), lobby)
	assert.ErrorIs(t, err, room.ErrNoRoom)
}

func TestAffiliations(t *testing.T) {
	m := newMemory("lobby")
	r := room.New(m)
	model := make(map[string]room.Affiliation)
	for i := range 200 {
		user, a := fmt.Sprintf("u%d@a.example", i%7), room.Affiliations()[i%5]
		require.NoError(t, r.SetAffiliation(t.Context(), lobby, room.Affiliate{JID: jid.MustParse(user + "/phone"), Affiliation: a}))
		if model[user] = a; a == room.None {
			delete(model, user)
		}
		got, err := r.Affiliations(t.Context(), lobby)
		require.NoError(t, err)
		require.Len(t, got, len(model))
		for i, g := range got {
			require.Equal(t, model[g.JID.String()], g.Affiliation)
			require.True(t, i == 0 || got[i-1].JID.String() < g.JID.String(), "sorted, each once")
		}
	}
	before := len(m.changes)
	for _, a := range []room.Affiliation{"", "king", "Owner"} {
		assert.ErrorContains(t, r.SetAffiliation(t.Context(), lobby, room.Affiliate{JID: jid.MustParse("u@a.example"), Affiliation: a}), "not an affiliation")
	}
	assert.Len(t, m.changes, before)
}

// TestUncertainAffiliation: a change that the server did not confirm succeeds if the
// affiliation can be read and is as requested.
func TestUncertainAffiliation(t *testing.T) {
	user := jid.MustParse("u@a.example")
	for _, a := range []room.Affiliation{room.Member, room.None} {
		for _, made := range []bool{true, false} {
			for _, failRead := range []error{nil, errors.New("cannot be read")} {
				m := newMemory("lobby")
				m.rooms[lobby] = []room.Affiliate{{JID: user, Affiliation: room.Owner}}
				m.failChange, m.discard, m.failRead = errUnknown, !made, failRead
				err := room.New(m).SetAffiliation(t.Context(), lobby, room.Affiliate{JID: user, Affiliation: a})
				if made && failRead == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, fault.ErrNoAnswer)
				}
			}
		}
	}
}
