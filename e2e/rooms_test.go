package e2e_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// affiliate is one affiliation as the server's own command tells it.
type affiliate struct {
	JID         string `json:"jid"`
	Affiliation string `json:"affiliation"`
}

// atService asks the server, by another way than the component, about one
// room, or lets it change the room.
func (p *place) atService(t testing.TB, command, room string, more map[string]any, v any) {
	t.Helper()
	name, service, _ := strings.Cut(room, "@")
	args := map[string]any{"room": name, "service": service}
	for k, v := range more {
		args[k] = v
	}
	require.NoError(t, p.API(t.Context(), command, args, v))
}

// onlineRooms lists a host's rooms, by another way than the component.
func (p *place) onlineRooms(t testing.TB, host string) []string {
	t.Helper()
	return p.onlineRoomsOf(t, t.Context(), host)
}

func (p *place) onlineRoomsOf(t testing.TB, ctx context.Context, host string) []string {
	t.Helper()
	rooms := []string{}
	assert.NoError(t, p.API(ctx, "muc_online_rooms", map[string]string{"service": "conference." + host}, &rooms))
	slices.Sort(rooms)
	return rooms
}

// isPersistent asks the server whether a room is.
func (p *place) isPersistent(t testing.TB, room string) bool {
	t.Helper()
	name, service, _ := strings.Cut(room, "@")
	if p.kind != testserver.Debian13 { // which has no answer over HTTP
		var options map[string]string
		p.atService(t, "get_room_options", room, nil, &options)
		require.Contains(t, options, "persistent")
		return options["persistent"] == "true"
	}
	options, err := p.Ctl(t.Context(), "get_room_options", name, service)
	require.NoError(t, err)
	persistent := regexp.MustCompile(`(?m)^persistent\s+(true|false)$`).FindStringSubmatch(options)
	require.NotNil(t, persistent, options)
	return persistent[1] == "true"
}

func (p *place) affiliates(t testing.TB, room string) []affiliate {
	t.Helper()
	list := []affiliate{}
	p.atService(t, "get_room_affiliations", room, nil, &list)
	slices.SortFunc(list, func(a, b affiliate) int { return strings.Compare(a.JID, b.JID) })
	return list
}

// makeRoom creates a persistent room by another way than the component, and
// destroys it in the end if it is still there.
func (p *place) makeRoom(t testing.TB, room string) {
	t.Helper()
	_, service, _ := strings.Cut(room, "@")
	p.atService(t, "create_room_with_opts", room, map[string]any{
		"host": strings.TrimPrefix(service, "conference."), "options": []map[string]string{{"name": "persistent", "value": "true"}},
	}, new(int))
	p.cleanRoom(t, room)
}

// cleanRoom destroys a room when the test ends, if it is still there.
func (p *place) cleanRoom(t testing.TB, room string) {
	_, host, _ := strings.Cut(room, "@conference.")
	t.Cleanup(func() {
		if !slices.Contains(p.onlineRoomsOf(t, context.Background(), host), room) {
			return
		}
		name, service, _ := strings.Cut(room, "@")
		assert.NoError(t, p.API(context.Background(), "destroy_room", map[string]string{"room": name, "service": service}, new(int)))
		p.awaitGone(t, room)
	})
}

// awaitGone waits until the server knows a room no more.
func (p *place) awaitGone(t testing.TB, room string) {
	t.Helper()
	_, host, _ := strings.Cut(room, "@conference.")
	gone := func() bool { return !slices.Contains(p.onlineRoomsOf(t, context.Background(), host), room) }
	require.Eventually(t, gone, 10*time.Second, 10*time.Millisecond)
}

// refusal is a negative answer.
func refusal(text string) answer { return answer{"error", text, []string{text}} }

// join has an account's client in a room, under the nick.
func (p *place) join(t testing.TB, account, room, nick string) (*xmppclient.Client, jid.JID) {
	t.Helper()
	c := p.login(t, account)
	occupant := jid.MustParse(room + "/" + nick)
	require.NoError(t, c.Join(patience(t), occupant))
	return c, occupant
}

func TestCreateRooms(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for _, host := range []string{"localhost", "example.org"} {
			for verb, persistent := range map[string]bool{"createPersistentRoom": true, "createRoom": false} {
				t.Run(verb+"-"+host, func(t *testing.T) {
					name := strings.ToLower(verb)
					room := name + "@conference." + host
					p.cleanRoom(t, room)
					require.NotContains(t, p.onlineRooms(t, host), room)
					done(t, admin, verb, "roomName", name, "domain", host)
					assert.Contains(t, p.onlineRooms(t, host), room)
					assert.Contains(t, run(t, admin, "printAllRoomsByDomain", "domain", host).lines, room)

					exists := refusal("Room " + room + " already exists")
					for _, again := range []string{"createPersistentRoom", "createRoom"} {
						assert.Equal(t, exists, run(t, admin, again, "roomName", strings.ToUpper(name), "domain", host))
					}
					assert.Equal(t, persistent, p.isPersistent(t, room), "as it was made")
				})
			}
		}
	})
}

// TestLastOccupantLeaves: a persistent room stays, another one ends.
func TestLastOccupantLeaves(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const stays, ends = "last.stays@conference.localhost", "last.ends@conference.localhost"
		p.cleanRoom(t, stays)
		p.cleanRoom(t, ends)
		done(t, admin, "createPersistentRoom", "roomName", "last.stays", "domain", "localhost")
		done(t, admin, "createRoom", "roomName", "last.ends", "domain", "localhost")
		for _, room := range []string{stays, ends} {
			c, occupant := p.join(t, "reader@localhost", room, "R")
			require.NoError(t, c.Leave(patience(t), occupant))
		}
		p.awaitGone(t, ends)
		assert.Contains(t, p.onlineRooms(t, "localhost"), stays)
		assert.Equal(t, answer{"info", "0 occupants", nil}, run(t, admin, "getAllJidsOfRoom", "roomName", "last.stays", "domain", "localhost"))
		assert.Equal(t, refusal("Room "+ends+" not found"), run(t, admin, "getAllJidsOfRoom", "roomName", "last.ends", "domain", "localhost"))
	})
}

func TestRoomNames(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for given, kept := range map[string]string{
			"plain":                   "plain",
			"MiXeD":                   "mixed",
			" blanks.around\n":        "blanks.around",
			"a+b=c!#$%^*()[]{}|~":     "a+b=c!#$%^*()[]{}|~",
			`with\20blank`:            `with\20blank`,
			"comma,semi;q?.-_":        "comma,semi;q?.-_",
			"äöü.漢字.привет":           "äöü.漢字.привет",
			"global":                  "global",
			"e\u0301":                 "é",
			"ﬁ":                       "",
			"two words":               "",
			"tab\there":               "",
			"at@sign":                 "",
			"sl/ash":                  "",
			"co:lon":                  "",
			"lt<gt>":                  "",
			`quo"te`:                  "",
			"apo'strophe":             "",
			"am&p":                    "",
			"emoji😀":                  "",
			strings.Repeat("x", 1024): "",
		} {
			t.Run(fmt.Sprintf("%.20q", given), func(t *testing.T) {
				if kept == "" {
					before := p.onlineRooms(t, "localhost")
					r, err := admin.Run(patience(t), service, "createRoom", args("roomName", given, "domain", "localhost"))
					require.NoError(t, err)
					assert.Equal(t, "executing", r.Status, "asked again")
					assert.Contains(t, r.Title, "(roomName): ")
					assert.Contains(t, r.Title, " is not a ")
					assert.Equal(t, before, p.onlineRooms(t, "localhost"))
					return
				}
				room := kept + "@conference.localhost"
				p.cleanRoom(t, room)
				done(t, admin, "createRoom", "roomName", given, "domain", "localhost")
				assert.Contains(t, p.onlineRooms(t, "localhost"), room)
				assert.Contains(t, run(t, admin, "printAllRooms").lines, room)
				done(t, admin, "destroyRoom", "roomName", given, "domain", "localhost")
				assert.NotContains(t, p.onlineRooms(t, "localhost"), room)
			})
		}
	})
}

// TestRoomsOfOthersMaking: a room whose name today's rules forbid can be
// looked at and destroyed like any other.
func TestRoomsOfOthersMaking(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const room = "party☃@conference.localhost"
		p.makeRoom(t, room)
		assert.Contains(t, run(t, admin, "printAllRoomsByDomain", "domain", "localhost").lines, room)
		where := []string{"roomName", "party☃", "domain", "localhost"}
		done(t, admin, "setJidAffiliationOfRoom", append(where, "jid", "bob@localhost", "affiliation", "member")...)
		assert.Equal(t, []string{"bob@localhost\tmember"}, run(t, admin, "getAffiliationsOfRoom", where...).lines)
		done(t, admin, "destroyRoom", where...)
		assert.NotContains(t, p.onlineRooms(t, "localhost"), room)
	})
}

func TestDestroyRoom(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for _, host := range []string{"localhost", "example.org"} {
			t.Run(host, func(t *testing.T) {
				room := "destroyed@conference." + host
				p.makeRoom(t, room)
				c, occupant := p.join(t, "reader@localhost", room, "R")
				where := []string{"roomName", "destroyed", "domain", host}
				done(t, admin, "destroyRoom", where...)
				assert.NotContains(t, p.onlineRooms(t, host), room)
				assert.NoError(t, c.Destroyed(patience(t), occupant), "who is in it is told")
				assert.Equal(t, refusal("Room "+room+" not found"), run(t, admin, "destroyRoom", where...))
				// Gone is gone: the name is free at once.
				done(t, admin, "createPersistentRoom", where...)
				assert.Equal(t, []affiliate{}, p.affiliates(t, room), "nothing of the old one")
			})
		}
	})
}

func TestAbsentRoom(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for _, verb := range []string{"destroyRoom", "getAllJidsOfRoom", "getAffiliationsOfRoom", "setJidAffiliationOfRoom"} {
			got := run(t, admin, verb, "roomName", "Nowhere", "domain", "localhost", "jid", "bob@localhost", "affiliation", "member")
			assert.Equal(t, refusal("Room nowhere@conference.localhost not found"), got, verb)
		}
		assert.NotContains(t, p.onlineRooms(t, "localhost"), "nowhere@conference.localhost")
	})
}

func TestGetAllJidsOfRoom(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const room = "occupied@conference.localhost"
		p.makeRoom(t, room)
		p.join(t, "writer@localhost/a : b", room, "n : moderator : x")
		p.join(t, "reader@localhost/phone", room, "one")
		p.join(t, "reader@localhost/desk : top", room, "two")
		assert.Equal(t, answer{"info", "2 occupants", []string{"reader@localhost", "writer@localhost"}},
			run(t, admin, "getAllJidsOfRoom", "roomName", "occupied", "domain", "localhost"))
	})
}

func TestAffiliations(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const room = "affiliated@conference.localhost"
		p.makeRoom(t, room)
		where := []string{"roomName", "affiliated", "domain", "localhost"}
		set := func(jid, affiliation string) {
			done(t, admin, "setJidAffiliationOfRoom", append(where, "jid", jid, "affiliation", affiliation)...)
		}
		assert.Equal(t, answer{"info", "0 affiliations", nil}, run(t, admin, "getAffiliationsOfRoom", where...))

		set("carol@localhost/phone", "owner")
		set("BOB@localhost", "admin")
		set("dave@example.org", "member")
		set("example.org", "outcast")
		set("nobody@localhost", "none")
		want := []affiliate{{"bob@localhost", "admin"}, {"carol@localhost", "owner"}, {"dave@example.org", "member"}, {"example.org", "outcast"}}
		assert.Equal(t, want, p.affiliates(t, room))
		assert.Equal(t, answer{"info", "4 affiliations", []string{
			"bob@localhost\tadmin", "carol@localhost\towner", "dave@example.org\tmember", "example.org\toutcast",
		}}, run(t, admin, "getAffiliationsOfRoom", where...))

		set("carol@localhost", "none")
		set("bob@localhost", "member")
		set("bob@localhost", "member")
		assert.Equal(t, []affiliate{{"bob@localhost", "member"}, want[2], want[3]}, p.affiliates(t, room))

		if eve := append(where, "jid", "eve@remote.example", "affiliation", "member"); p.kind == testserver.AdHoc {
			got := run(t, admin, "setJidAffiliationOfRoom", eve...)
			assert.Equal(t, "error", got.note)
			assert.Contains(t, got.text, "remote.example is none of them")
			assert.Len(t, p.affiliates(t, room), 3, "nothing was written")
		} else {
			done(t, admin, "setJidAffiliationOfRoom", eve...)
			assert.Contains(t, p.affiliates(t, room), affiliate{"eve@remote.example", "member"})
		}

		r, err := admin.Run(patience(t), service, "setJidAffiliationOfRoom", args(append(where, "jid", "bob@localhost", "affiliation", "king")...))
		require.NoError(t, err)
		assert.Equal(t, `Affiliation (affiliation): "king" is not one of owner, admin, member, outcast, none`, r.Title)
	})
}

// TestOutcast: who becomes one is put out and cannot come back; with none they
// can.
func TestOutcast(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const room = "outcast@conference.localhost"
		p.makeRoom(t, room)
		where := []string{"roomName", "outcast", "domain", "localhost", "jid", "reader@localhost", "affiliation"}
		c, occupant := p.join(t, "reader@localhost", room, "R")
		done(t, admin, "setJidAffiliationOfRoom", append(where, "outcast")...)
		_, err := c.Next(patience(t), func(e xmppclient.Element) bool {
			return e.Attr("from") == occupant.String() && e.Attr("type") == "unavailable"
		})
		require.NoError(t, err)
		assert.ErrorContains(t, c.Join(patience(t), occupant), "forbidden")
		done(t, admin, "setJidAffiliationOfRoom", append(where, "none")...)
		assert.NoError(t, c.Join(patience(t), occupant))
	})
}

func TestPrintAllRooms(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		for _, room := range []string{"print.b@conference.localhost", "print.a@conference.localhost", "print.c@conference.example.org"} {
			p.makeRoom(t, room)
		}
		list := func(verb string, pairs ...string) []string { return run(t, admin, verb, pairs...).lines }
		local, other := p.onlineRooms(t, "localhost"), p.onlineRooms(t, "example.org")
		all := slices.Sorted(slices.Values(slices.Concat(local, other)))
		assert.Equal(t, local, list("printAllRoomsByDomain", "domain", "localhost"))
		assert.Equal(t, other, list("printAllRoomsByDomain", "domain", "EXAMPLE.org"))
		assert.Equal(t, all, list("printAllRoomsByDomain", "domain", "all"))
		assert.Equal(t, all, list("printAllRooms"))
		r, err := admin.Run(patience(t), service, "printAllRoomsByDomain", args("domain", "remote.example"))
		require.NoError(t, err)
		assert.Contains(t, r.Title, "(domain): remote.example: not a host")
	})
}

// TestDestroyAllRooms destroys them by the host and all, after nothing but the
// right word.
func TestDestroyAllRooms(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		admin := p.login(t, "admin@localhost")
		const stays = "other@conference.example.org"
		fill := func() []string {
			rooms := []string{stays}
			for i := range 20 {
				rooms = append(rooms, fmt.Sprintf("many%d@conference.localhost", i))
			}
			for _, r := range rooms {
				if !slices.Contains(p.onlineRooms(t, "example.org"), r) {
					p.makeRoom(t, r)
				}
			}
			return rooms
		}
		fill()
		require.Len(t, p.onlineRooms(t, "localhost"), 20)
		c, occupant := p.join(t, "reader@localhost", "many7@conference.localhost", "R")
		for _, word := range []string{"", "all", "yes", "example.org"} {
			r, err := admin.Run(patience(t), service, "destroyAllRoomsByDomain", args("domain", "localhost", "confirm", word))
			require.NoError(t, err)
			require.Equal(t, "executing", r.Status)
			if word == "" {
				assert.Equal(t, "20 rooms on localhost would be destroyed; to do it, type localhost in the field confirm", r.Title)
			}
		}
		assert.Len(t, p.onlineRooms(t, "localhost"), 20)
		destroyed := func(n int) answer {
			return answer{"info", fmt.Sprintf("Done; %d rooms destroyed", n), []string{"Done"}}
		}
		assert.Equal(t, destroyed(20), run(t, admin, "destroyAllRoomsByDomain", "domain", "localhost", "confirm", "localhost"))
		assert.Empty(t, p.onlineRooms(t, "localhost"))
		assert.Equal(t, []string{stays}, p.onlineRooms(t, "example.org"))
		assert.NoError(t, c.Destroyed(patience(t), occupant))

		fill()
		r, err := admin.Run(patience(t), service, "destroyAllRooms", nil)
		require.NoError(t, err)
		assert.Equal(t, "21 rooms on example.org, localhost would be destroyed; to do it, type all in the field confirm", r.Title)
		assert.Equal(t, destroyed(21), run(t, admin, "destroyAllRooms", "confirm", "all"))
		assert.Empty(t, p.onlineRooms(t, "localhost"))
		assert.Empty(t, p.onlineRooms(t, "example.org"))
		assert.Equal(t, destroyed(0), run(t, admin, "destroyAllRooms", "confirm", "all"), "there is none left")
	})
}

func TestWhoMayDoWhatToRooms(t *testing.T) {
	inEveryPlace(t, func(t *testing.T, p *place) {
		const room = "roles@conference.example.org"
		p.makeRoom(t, room)
		where := args("roomName", "roles", "domain", "example.org", "jid", "writer@localhost", "affiliation", "owner", "confirm", "example.org")
		all := []string{
			"createPersistentRoom", "createRoom", "destroyRoom", "destroyAllRoomsByDomain", "destroyAllRooms", "getAllJidsOfRoom",
			"getAffiliationsOfRoom", "setJidAffiliationOfRoom", "printAllRoomsByDomain", "printAllRooms",
		}
		for who, may := range map[string][]string{
			"reader@localhost":   {"getAllJidsOfRoom", "getAffiliationsOfRoom", "printAllRoomsByDomain", "printAllRooms"},
			"writer@localhost":   nil, // on localhost only
			"stranger@localhost": nil,
		} {
			t.Run(who, func(t *testing.T) {
				c := p.login(t, who)
				for _, verb := range all {
					_, err := c.Run(patience(t), service, verb, where)
					if slices.Contains(may, verb) {
						assert.NoError(t, err, verb)
					} else {
						assert.ErrorContains(t, err, "forbidden", verb)
					}
				}
			})
		}
		assert.Contains(t, p.onlineRooms(t, "example.org"), room)
		assert.Empty(t, p.affiliates(t, room))

		writer := p.login(t, "writer@localhost")
		p.cleanRoom(t, "roles@conference.localhost")
		done(t, writer, "createRoom", "roomName", "roles", "domain", "localhost")
		_, err := writer.Run(patience(t), service, "setJidAffiliationOfRoom",
			args("roomName", "roles", "domain", "localhost", "jid", "bob@example.org", "affiliation", "owner"))
		assert.ErrorContains(t, err, "forbidden", "a user of another host than its own")
	})
}
