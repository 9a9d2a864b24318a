package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCreateRooms(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for _, host := range []string{"localhost", "example.org"} {
			for verb, persistent := range map[string]bool{"createPersistentRoom": true, "createRoom": false} {
				t.Run(verb+"-"+host, func(t *testing.T) {
					name := strings.ToLower(verb)
					room := name + "@conference." + host
					d.destroyRoomAtEnd(t, room)
					require.NotContains(t, d.onlineRooms(t, host), room)
					requireDone(t, admin, verb, "roomName", name, "domain", host)
					assert.Contains(t, d.onlineRooms(t, host), room)
					assert.Contains(t, runVerb(t, admin, "printAllRoomsByDomain", "domain", host).lines, room)

					exists := refusalAnswer("Room " + room + " already exists")
					for _, again := range []string{"createPersistentRoom", "createRoom"} {
						assert.Equal(t, exists, runVerb(t, admin, again, "roomName", strings.ToUpper(name), "domain", host))
					}
					assert.Equal(t, persistent, d.isPersistent(t, room), "a repeated creation changes nothing")
				})
			}
		}
	})
}

func TestRoomNames(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
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
					before := d.onlineRooms(t, "localhost")
					r, err := admin.Run(shortContext(t), service, "createRoom", formValues("roomName", given, "domain", "localhost"))
					require.NoError(t, err)
					assert.Equal(t, "executing", r.Status, "the form comes back")
					assert.Contains(t, r.Title, "(roomName): ")
					assert.Contains(t, r.Title, " is not a ")
					assert.Equal(t, before, d.onlineRooms(t, "localhost"))
					return
				}
				room := kept + "@conference.localhost"
				d.destroyRoomAtEnd(t, room)
				requireDone(t, admin, "createRoom", "roomName", given, "domain", "localhost")
				assert.Contains(t, d.onlineRooms(t, "localhost"), room)
				assert.Contains(t, runVerb(t, admin, "printAllRooms").lines, room)
				requireDone(t, admin, "destroyRoom", "roomName", given, "domain", "localhost")
				assert.NotContains(t, d.onlineRooms(t, "localhost"), room)
			})
		}
	})
}

// TestRoomsOfOthersMaking checks that the verbs can inspect and destroy a room
// whose name today's rules forbid.
func TestRoomsOfOthersMaking(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const room = "party☃@conference.localhost"
		d.createRoom(t, room)
		assert.Contains(t, runVerb(t, admin, "printAllRoomsByDomain", "domain", "localhost").lines, room)
		where := []string{"roomName", "party☃", "domain", "localhost"}
		requireDone(t, admin, "setJidAffiliationOfRoom", append(where, "jid", "bob@localhost", "affiliation", "member")...)
		assert.Equal(t, []string{"bob@localhost\tmember"}, runVerb(t, admin, "getAffiliationsOfRoom", where...).lines)
		requireDone(t, admin, "destroyRoom", where...)
		assert.NotContains(t, d.onlineRooms(t, "localhost"), room)
	})
}

func TestAbsentRoom(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for _, verb := range []string{"destroyRoom", "getAllJidsOfRoom", "getAffiliationsOfRoom", "setJidAffiliationOfRoom"} {
			got := runVerb(t, admin, verb, "roomName", "Nowhere", "domain", "localhost", "jid", "bob@localhost", "affiliation", "member")
			assert.Equal(t, refusalAnswer("Room nowhere@conference.localhost not found"), got, verb)
		}
		assert.NotContains(t, d.onlineRooms(t, "localhost"), "nowhere@conference.localhost")
	})
}

func TestPrintAllRooms(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for _, room := range []string{"print.b@conference.localhost", "print.a@conference.localhost", "print.c@conference.example.org"} {
			d.createRoom(t, room)
		}
		list := func(verb string, pairs ...string) []string { return runVerb(t, admin, verb, pairs...).lines }
		local, other := d.onlineRooms(t, "localhost"), d.onlineRooms(t, "example.org")
		all := slices.Sorted(slices.Values(slices.Concat(local, other)))
		assert.Equal(t, local, list("printAllRoomsByDomain", "domain", "localhost"))
		assert.Equal(t, other, list("printAllRoomsByDomain", "domain", "EXAMPLE.org"))
		assert.Equal(t, all, list("printAllRoomsByDomain", "domain", "all"))
		assert.Equal(t, all, list("printAllRooms"))
		r, err := admin.Run(shortContext(t), service, "printAllRoomsByDomain", formValues("domain", "remote.example"))
		require.NoError(t, err)
		assert.Contains(t, r.Title, "(domain): remote.example: not a host")
	})
}

func TestWhoMayDoWhatToRooms(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		const room = "roles@conference.example.org"
		d.createRoom(t, room)
		where := formValues("roomName", "roles", "domain", "example.org", "jid", "writer@localhost", "affiliation", "owner", "confirm", "example.org")
		all := []string{
			"createPersistentRoom", "createRoom", "destroyRoom", "destroyAllRoomsByDomain", "destroyAllRooms", "getAllJidsOfRoom",
			"getAffiliationsOfRoom", "setJidAffiliationOfRoom", "printAllRoomsByDomain", "printAllRooms",
		}
		for account, allowed := range map[string][]string{
			"reader@localhost":   {"getAllJidsOfRoom", "getAffiliationsOfRoom", "printAllRoomsByDomain", "printAllRooms"},
			"writer@localhost":   nil, // its grant is for localhost only
			"stranger@localhost": nil,
		} {
			t.Run(account, func(t *testing.T) {
				c := d.login(t, account)
				for _, verb := range all {
					_, err := c.Run(shortContext(t), service, verb, where)
					if slices.Contains(allowed, verb) {
						assert.NoError(t, err, verb)
					} else {
						assert.ErrorContains(t, err, "forbidden", verb)
					}
				}
			})
		}
		assert.Contains(t, d.onlineRooms(t, "example.org"), room)
		assert.Empty(t, d.storedAffiliations(t, room))

		writer := d.login(t, "writer@localhost")
		d.destroyRoomAtEnd(t, "roles@conference.localhost")
		requireDone(t, writer, "createRoom", "roomName", "roles", "domain", "localhost")
		_, err := writer.Run(shortContext(t), service, "setJidAffiliationOfRoom",
			formValues("roomName", "roles", "domain", "localhost", "jid", "bob@example.org", "affiliation", "owner"))
		assert.ErrorContains(t, err, "forbidden", "the writer's grant does not cover that user's host")
	})
}
