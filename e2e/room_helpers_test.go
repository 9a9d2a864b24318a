package e2e_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/testserver"
)

// affiliate is one affiliation, as the server's own API command returns it.
type affiliate struct {
	JID         string `json:"jid"`
	Affiliation string `json:"affiliation"`
}

// callRoomAPI calls one of the server's own API commands about a room, without
// the component.
func (d *deployment) callRoomAPI(t testing.TB, command, room string, more map[string]any, v any) {
	t.Helper()
	name, service, _ := strings.Cut(room, "@")
	args := map[string]any{"room": name, "service": service}
	for k, v := range more {
		args[k] = v
	}
	require.NoError(t, d.API(t.Context(), command, args, v))
}

// onlineRooms lists a host's rooms, without the component.
func (d *deployment) onlineRooms(t testing.TB, host string) []string {
	t.Helper()
	return d.listOnlineRooms(t, t.Context(), host)
}

// listOnlineRooms is onlineRooms with a context.
func (d *deployment) listOnlineRooms(t testing.TB, ctx context.Context, host string) []string {
	t.Helper()
	rooms := []string{}
	assert.NoError(t, d.API(ctx, "muc_online_rooms", map[string]string{"service": "conference." + host}, &rooms))
	slices.Sort(rooms)
	return rooms
}

// isPersistent reports whether a room is persistent, according to the server.
func (d *deployment) isPersistent(t testing.TB, room string) bool {
	t.Helper()
	name, service, _ := strings.Cut(room, "@")
	if d.kind != testserver.Debian13 { // there, this command fails over HTTP
		var options map[string]string
		d.callRoomAPI(t, "get_room_options", room, nil, &options)
		require.Contains(t, options, "persistent")
		return options["persistent"] == "true"
	}
	options, err := d.Ctl(t.Context(), "get_room_options", name, service)
	require.NoError(t, err)
	persistent := regexp.MustCompile(`(?m)^persistent\s+(true|false)$`).FindStringSubmatch(options)
	require.NotNil(t, persistent, options)
	return persistent[1] == "true"
}

// storedAffiliations returns the affiliations that the server stores for a
// room, sorted by JID.
func (d *deployment) storedAffiliations(t testing.TB, room string) []affiliate {
	t.Helper()
	list := []affiliate{}
	d.callRoomAPI(t, "get_room_affiliations", room, nil, &list)
	slices.SortFunc(list, func(a, b affiliate) int { return strings.Compare(a.JID, b.JID) })
	return list
}

// createRoom creates a persistent room without the component, and destroys it
// at the end of the test if it still exists.
func (d *deployment) createRoom(t testing.TB, room string) {
	t.Helper()
	_, service, _ := strings.Cut(room, "@")
	d.callRoomAPI(t, "create_room_with_opts", room, map[string]any{
		"host": strings.TrimPrefix(service, "conference."), "options": []map[string]string{{"name": "persistent", "value": "true"}},
	}, new(int))
	d.destroyRoomAtEnd(t, room)
}

// destroyRoomAtEnd destroys a room at the end of the test, if it still exists.
func (d *deployment) destroyRoomAtEnd(t testing.TB, room string) {
	_, host, _ := strings.Cut(room, "@conference.")
	t.Cleanup(func() {
		if !slices.Contains(d.listOnlineRooms(t, context.Background(), host), room) {
			return
		}
		name, service, _ := strings.Cut(room, "@")
		assert.NoError(t, d.API(context.Background(), "destroy_room", map[string]string{"room": name, "service": service}, new(int)))
		d.awaitRoomGone(t, room)
	})
}

// awaitRoomGone waits until the server no longer lists a room.
func (d *deployment) awaitRoomGone(t testing.TB, room string) {
	t.Helper()
	_, host, _ := strings.Cut(room, "@conference.")
	gone := func() bool { return !slices.Contains(d.listOnlineRooms(t, context.Background(), host), room) }
	require.Eventually(t, gone, 10*time.Second, 10*time.Millisecond)
}
