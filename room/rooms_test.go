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

// errUnknown is what a server says that does not say whether it did it.
var errUnknown = fmt.Errorf("the stream was lost: %w", fault.ErrNoAnswer)

var lobby = room.Room{Name: "lobby", Host: "a.example"}

func TestParse(t *testing.T) {
	for given, want := range map[string]string{
		"lobby":                   "lobby",
		"Lobby":                   "lobby",
		`two\20words`:             `two\20words`,
		"e\u0301":                 "é",
		"☃":                       "☃", // nobody may make it today, but it may be there
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

// TestCreateRefusesNames: what may be looked at need not be what may be made.
func TestCreateRefusesNames(t *testing.T) {
	for _, name := range []string{"☃", "", "two words", "a@b"} {
		m := newMemory()
		var refused *room.NameError
		require.ErrorAs(t, room.New(m).Create(t.Context(), room.Room{Name: name, Host: "a.example"}, true), &refused, name)
		assert.Empty(t, m.asked)
	}
}

// TestUncertain has the server not say whether it did what was asked. What is
// seen afterwards is said, and nothing is asked twice.
func TestUncertain(t *testing.T) {
	create := func(r *room.Rooms) error { return r.Create(t.Context(), lobby, true) }
	destroy := func(r *room.Rooms) error { return r.Destroy(t.Context(), lobby) }
	blind := errors.New("nothing to be seen")
	for name, test := range map[string]struct {
		server *memory
		change func(*room.Rooms) error
		want   string // "" for success
	}{
		"created":            {&memory{}, create, "the stream was lost: the server did not answer (lobby@conference.a.example exists now)"},
		"not created":        {&memory{deaf: true}, create, "the stream was lost: the server did not answer (lobby@conference.a.example does not exist now)"},
		"created unseen":     {&memory{blind: blind}, create, "the stream was lost: the server did not answer"},
		"destroyed":          {newMemory("lobby"), destroy, ""},
		"not destroyed":      {&memory{rooms: newMemory("lobby").rooms, deaf: true}, destroy, "the stream was lost: the server did not answer (lobby@conference.a.example exists now)"},
		"destroyed unseen":   {&memory{rooms: newMemory("lobby").rooms, blind: blind}, destroy, "the stream was lost: the server did not answer"},
		"nothing to destroy": {newMemory(), destroy, room.ErrNoRoom.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			if test.server.rooms != nil {
				m.rooms = test.server.rooms
			}
			m.fail, m.deaf, m.blind = errUnknown, test.server.deaf, test.server.blind
			err := test.change(room.New(m))
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.want)
			}
			assert.LessOrEqual(t, len(m.asked), 1)
		})
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
	m.blind = errUnknown
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
		who, a := fmt.Sprintf("u%d@a.example", i%7), room.Affiliations()[i%5]
		require.NoError(t, r.SetAffiliation(t.Context(), lobby, room.Affiliate{JID: jid.MustParse(who + "/phone"), Affiliation: a}))
		if model[who] = a; a == room.None {
			delete(model, who)
		}
		got, err := r.Affiliations(t.Context(), lobby)
		require.NoError(t, err)
		require.Len(t, got, len(model))
		for i, g := range got {
			require.Equal(t, model[g.JID.String()], g.Affiliation)
			require.True(t, i == 0 || got[i-1].JID.String() < g.JID.String(), "sorted, everybody once")
		}
	}
	before := len(m.asked)
	for _, a := range []room.Affiliation{"", "king", "Owner"} {
		assert.ErrorContains(t, r.SetAffiliation(t.Context(), lobby, room.Affiliate{JID: jid.MustParse("u@a.example"), Affiliation: a}), "not an affiliation")
	}
	assert.Len(t, m.asked, before)
}

// TestUncertainAffiliation is certain where it can be read.
func TestUncertainAffiliation(t *testing.T) {
	who := jid.MustParse("u@a.example")
	for _, a := range []room.Affiliation{room.Member, room.None} {
		for _, made := range []bool{true, false} {
			for _, blind := range []error{nil, errors.New("nothing to be seen")} {
				m := newMemory("lobby")
				m.rooms[lobby] = []room.Affiliate{{JID: who, Affiliation: room.Owner}}
				m.fail, m.deaf, m.blind = errUnknown, !made, blind
				err := room.New(m).SetAffiliation(t.Context(), lobby, room.Affiliate{JID: who, Affiliation: a})
				if made && blind == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, fault.ErrNoAnswer)
				}
			}
		}
	}
}
