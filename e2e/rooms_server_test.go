package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/internal/testserver"
	"emanagement/room"
	"emanagement/server/ejabberd"
)

// newRooms returns the rooms of a server, reached by a component of the test's
// own.
func newRooms(t *testing.T, s *testserver.Server) *room.Rooms {
	t.Helper()
	c := testserver.NewComponent(t, s, nil)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(shortContext(t), "localhost"))
	return room.New(ejabberd.New(c))
}

// TestRoomsOutliveTheServer restarts the server while persistent rooms are
// created. Every confirmed room must exist afterwards. If an outcome was
// uncertain, the reported state must be true.
func TestRoomsOutliveTheServer(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	r := newRooms(t, s)
	ctx := shortContext(t)
	require.NoError(t, r.Create(ctx, room.Room{Name: "temporary", Host: "localhost"}, false))

	const makers = 4
	var making sync.WaitGroup
	var results [makers][]error // by maker and number of the room
	stopped := make(chan struct{})
	for m := range makers {
		making.Go(func() {
			for {
				results[m] = append(results[m], r.Create(ctx, makerRoom(m, len(results[m])), true))
				select {
				case <-stopped:
					return
				default:
				}
			}
		})
	}
	require.NoError(t, s.Stop(ctx))
	close(stopped)
	require.NoError(t, s.Start(ctx))
	making.Wait()

	var listed []string
	require.NoError(t, s.API(ctx, "muc_online_rooms", map[string]string{"service": "conference.localhost"}, &listed))
	slices.Sort(listed)
	var want []string
	for m := range makers {
		for i, err := range results[m] {
			uncertain, ok := errors.AsType[*room.UncertainError](err)
			if !ok {
				require.NoError(t, err)
			}
			if !ok || uncertain.Exists {
				want = append(want, makerRoom(m, i).String())
			}
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, listed)
	assert.Greater(t, len(want), makers)
}

// makerRoom returns the name of a maker's i-th room.
func makerRoom(maker, i int) room.Room {
	return room.Room{Name: fmt.Sprintf("room%d-%d", maker, i), Host: "localhost"}
}

// TestRoomsNotPermitted checks that errors name the missing parts of the
// server's configuration.
func TestRoomsNotPermitted(t *testing.T) {
	t.Parallel()
	lobby := room.Room{Name: "lobby", Host: "localhost"}
	t.Run("mod_muc_admin is not loaded", func(t *testing.T) {
		t.Parallel()
		r := newRooms(t, testserver.Run(t, func(config map[string]any) {
			delete(config["modules"].(map[string]any), "mod_muc_admin")
		}))
		for command, err := range map[string]error{
			"create_room_with_opts": r.Create(shortContext(t), lobby, true),
			"destroy_room":          r.Destroy(shortContext(t), lobby),
			"set_room_affiliation":  r.SetAffiliation(shortContext(t), lobby, room.Affiliate{JID: jid.MustParse("u@localhost"), Affiliation: room.Owner}),
		} {
			assertNotPermitted(t, err, "localhost", "mod_muc_admin must be loaded: it provides "+command)
		}
		_, err := r.List(shortContext(t), "example.org")
		assertNotPermitted(t, err, "example.org", "mod_muc_admin must be loaded: it provides muc_online_rooms")
	})
	t.Run("a command is not permitted, the service has another name", func(t *testing.T) {
		t.Parallel()
		r := newRooms(t, testserver.Run(t, func(config map[string]any) {
			config["modules"].(map[string]any)["mod_muc"] = map[string]any{"hosts": []any{"muc.@HOST@"}}
			permission := config["api_permissions"].(map[string]any)["emanagement"].(map[string]any)
			permission["what"] = slices.DeleteFunc(permission["what"].([]any), func(c any) bool { return c == "set_room_affiliation" })
		}))
		assertNotPermitted(t, r.SetAffiliation(shortContext(t), lobby, room.Affiliate{JID: jid.MustParse("u@localhost"), Affiliation: room.Owner}), "localhost", "what: in api_permissions must name set_room_affiliation")
		_, listed := r.List(shortContext(t), "localhost")
		for _, err := range []error{listed, r.Create(shortContext(t), lobby, true), r.Destroy(shortContext(t), lobby)} {
			var none *room.NoServiceError
			require.ErrorAs(t, err, &none)
			assert.Equal(t, "localhost", none.Host)
		}
	})
}

// assertNotPermitted checks that an error names the part that the configuration
// of a host lacks.
func assertNotPermitted(t testing.TB, err error, host, what string) {
	t.Helper()
	var lacking *fault.NotPermittedError
	if assert.ErrorAs(t, err, &lacking) {
		assert.Equal(t, host, lacking.Host)
		assert.Contains(t, lacking.Reason, what)
	}
}
