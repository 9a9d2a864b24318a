package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// joinRoom has an account's client enter a room under the nick.
func (d *deployment) joinRoom(t testing.TB, account, room, nick string) (*xmppclient.Client, jid.JID) {
	t.Helper()
	c := d.login(t, account)
	occupant := jid.MustParse(room + "/" + nick)
	require.NoError(t, c.Join(shortContext(t), occupant))
	return c, occupant
}

// TestLastOccupantLeaves checks that a persistent room remains after its last
// occupant leaves, and a temporary one does not.
func TestLastOccupantLeaves(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const persistent, temporary = "last.stays@conference.localhost", "last.ends@conference.localhost"
		d.destroyRoomAtEnd(t, persistent)
		d.destroyRoomAtEnd(t, temporary)
		requireDone(t, admin, "createPersistentRoom", "roomName", "last.stays", "domain", "localhost")
		requireDone(t, admin, "createRoom", "roomName", "last.ends", "domain", "localhost")
		for _, room := range []string{persistent, temporary} {
			c, occupant := d.joinRoom(t, "reader@localhost", room, "R")
			require.NoError(t, c.Leave(shortContext(t), occupant))
		}
		d.awaitRoomGone(t, temporary)
		assert.Contains(t, d.onlineRooms(t, "localhost"), persistent)
		assert.Equal(t, answer{"info", "0 occupants", nil}, runVerb(t, admin, "getAllJidsOfRoom", "roomName", "last.stays", "domain", "localhost"))
		assert.Equal(t, refusalAnswer("Room "+temporary+" not found"), runVerb(t, admin, "getAllJidsOfRoom", "roomName", "last.ends", "domain", "localhost"))
	})
}

func TestGetAllJidsOfRoom(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const room = "occupied@conference.localhost"
		d.createRoom(t, room)
		d.joinRoom(t, "writer@localhost/a : b", room, "n : moderator : x")
		d.joinRoom(t, "reader@localhost/phone", room, "one")
		d.joinRoom(t, "reader@localhost/desk : top", room, "two")
		assert.Equal(t, answer{"info", "2 occupants", []string{"reader@localhost", "writer@localhost"}},
			runVerb(t, admin, "getAllJidsOfRoom", "roomName", "occupied", "domain", "localhost"))
	})
}

func TestAffiliations(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const room = "affiliated@conference.localhost"
		d.createRoom(t, room)
		where := []string{"roomName", "affiliated", "domain", "localhost"}
		set := func(jid, affiliation string) {
			requireDone(t, admin, "setJidAffiliationOfRoom", append(where, "jid", jid, "affiliation", affiliation)...)
		}
		assert.Equal(t, answer{"info", "0 affiliations", nil}, runVerb(t, admin, "getAffiliationsOfRoom", where...))

		set("carol@localhost/phone", "owner")
		set("BOB@localhost", "admin")
		set("dave@example.org", "member")
		set("example.org", "outcast")
		set("nobody@localhost", "none")
		want := []affiliate{{"bob@localhost", "admin"}, {"carol@localhost", "owner"}, {"dave@example.org", "member"}, {"example.org", "outcast"}}
		assert.Equal(t, want, d.storedAffiliations(t, room))
		assert.Equal(t, answer{"info", "4 affiliations", []string{
			"bob@localhost\tadmin", "carol@localhost\towner", "dave@example.org\tmember", "example.org\toutcast",
		}}, runVerb(t, admin, "getAffiliationsOfRoom", where...))

		set("carol@localhost", "none")
		set("bob@localhost", "member")
		set("bob@localhost", "member")
		assert.Equal(t, []affiliate{{"bob@localhost", "member"}, want[2], want[3]}, d.storedAffiliations(t, room))

		if eve := append(where, "jid", "eve@remote.example", "affiliation", "member"); d.kind == testserver.AdHoc {
			got := runVerb(t, admin, "setJidAffiliationOfRoom", eve...)
			assert.Equal(t, "error", got.note)
			assert.Contains(t, got.text, "remote.example is none of them")
			assert.Len(t, d.storedAffiliations(t, room), 3, "nothing was written")
		} else {
			requireDone(t, admin, "setJidAffiliationOfRoom", eve...)
			assert.Contains(t, d.storedAffiliations(t, room), affiliate{"eve@remote.example", "member"})
		}

		r, err := admin.Run(shortContext(t), service, "setJidAffiliationOfRoom", formValues(append(where, "jid", "bob@localhost", "affiliation", "king")...))
		require.NoError(t, err)
		assert.Equal(t, `Affiliation (affiliation): "king" is not one of owner, admin, member, outcast, none`, r.Title)
	})
}

// TestOutcast checks that an outcast is removed from the room and cannot
// return, until the affiliation becomes none.
func TestOutcast(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const room = "outcast@conference.localhost"
		d.createRoom(t, room)
		where := []string{"roomName", "outcast", "domain", "localhost", "jid", "reader@localhost", "affiliation"}
		c, occupant := d.joinRoom(t, "reader@localhost", room, "R")
		requireDone(t, admin, "setJidAffiliationOfRoom", append(where, "outcast")...)
		_, err := c.Next(shortContext(t), func(e xmppclient.Element) bool {
			return e.Attr("from") == occupant.String() && e.Attr("type") == "unavailable"
		})
		require.NoError(t, err)
		assert.ErrorContains(t, c.Join(shortContext(t), occupant), "forbidden")
		requireDone(t, admin, "setJidAffiliationOfRoom", append(where, "none")...)
		assert.NoError(t, c.Join(shortContext(t), occupant))
	})
}
