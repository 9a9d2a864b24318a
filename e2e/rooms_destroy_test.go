package e2e_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDestroyRoom(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		for _, host := range []string{"localhost", "example.org"} {
			t.Run(host, func(t *testing.T) {
				room := "destroyed@conference." + host
				d.createRoom(t, room)
				c, occupant := d.joinRoom(t, "reader@localhost", room, "R")
				where := []string{"roomName", "destroyed", "domain", host}
				requireDone(t, admin, "destroyRoom", where...)
				assert.NotContains(t, d.onlineRooms(t, host), room)
				assert.NoError(t, c.Destroyed(shortContext(t), occupant), "the occupants are notified")
				assert.Equal(t, refusalAnswer("Room "+room+" not found"), runVerb(t, admin, "destroyRoom", where...))
				// The name is free at once.
				requireDone(t, admin, "createPersistentRoom", where...)
				assert.Equal(t, []affiliate{}, d.storedAffiliations(t, room), "the new room has no affiliation of the destroyed one")
			})
		}
	})
}

// TestDestroyAllRooms destroys the rooms of one host, and then of all hosts.
// Only the right confirmation does so.
func TestDestroyAllRooms(t *testing.T) {
	onEveryDeployment(t, func(t *testing.T, d *deployment) {
		admin := d.login(t, "admin@localhost")
		const otherHostRoom = "other@conference.example.org"
		createRooms := func() []string {
			rooms := []string{otherHostRoom}
			for i := range 20 {
				rooms = append(rooms, fmt.Sprintf("many%d@conference.localhost", i))
			}
			for _, r := range rooms {
				if !slices.Contains(d.onlineRooms(t, "example.org"), r) {
					d.createRoom(t, r)
				}
			}
			return rooms
		}
		createRooms()
		require.Len(t, d.onlineRooms(t, "localhost"), 20)
		c, occupant := d.joinRoom(t, "reader@localhost", "many7@conference.localhost", "R")
		for _, word := range []string{"", "all", "yes", "example.org"} {
			r, err := admin.Run(shortContext(t), service, "destroyAllRoomsByDomain", formValues("domain", "localhost", "confirm", word))
			require.NoError(t, err)
			require.Equal(t, "executing", r.Status)
			if word == "" {
				assert.Equal(t, "20 rooms on localhost would be destroyed; to do it, type localhost in the field confirm", r.Title)
			}
		}
		assert.Len(t, d.onlineRooms(t, "localhost"), 20)
		destroyed := func(n int) answer {
			return answer{"info", fmt.Sprintf("Done; %d rooms destroyed", n), []string{"Done"}}
		}
		assert.Equal(t, destroyed(20), runVerb(t, admin, "destroyAllRoomsByDomain", "domain", "localhost", "confirm", "localhost"))
		assert.Empty(t, d.onlineRooms(t, "localhost"))
		assert.Equal(t, []string{otherHostRoom}, d.onlineRooms(t, "example.org"))
		assert.NoError(t, c.Destroyed(shortContext(t), occupant))

		createRooms()
		r, err := admin.Run(shortContext(t), service, "destroyAllRooms", nil)
		require.NoError(t, err)
		assert.Equal(t, "21 rooms on example.org, localhost would be destroyed; to do it, type all in the field confirm", r.Title)
		assert.Equal(t, destroyed(21), runVerb(t, admin, "destroyAllRooms", "confirm", "all"))
		assert.Empty(t, d.onlineRooms(t, "localhost"))
		assert.Empty(t, d.onlineRooms(t, "example.org"))
		assert.Equal(t, destroyed(0), runVerb(t, admin, "destroyAllRooms", "confirm", "all"), "no room is left")
	})
}
