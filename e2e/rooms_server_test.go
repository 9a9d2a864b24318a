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

// roomsOf are the rooms of a server of the test's own.
func roomsOf(t *testing.T, s *testserver.Server) *room.Rooms {
	t.Helper()
	c := testserver.NewComponent(t, s, nil)
	testserver.RunComponent(t, c)
	require.NoError(t, c.Ready(patience(t), "localhost"))
	return room.New(ejabberd.New(c))
}

// TestRoomsOutliveTheServer restarts the server while persistent rooms are
// made. Those that were confirmed are there afterwards; of those that were not,
// what was said is true.
func TestRoomsOutliveTheServer(t *testing.T) {
	t.Parallel()
	s := testserver.Run(t, nil)
	r := roomsOf(t, s)
	ctx := patience(t)
	require.NoError(t, r.Create(ctx, room.Room{Name: "temporary", Host: "localhost"}, false))

	const makers = 4
	var making sync.WaitGroup
	var results [makers][]error // of the rooms maker-number
	stopped := make(chan struct{})
	for m := range makers {
		making.Go(func() {
			for {
				results[m] = append(results[m], r.Create(ctx, made(m, len(results[m])), true))
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
				want = append(want, made(m, i).String())
			}
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, listed)
	assert.Greater(t, len(want), makers)
}

// made is the room that a maker makes as its i-th.
func made(maker, i int) room.Room {
	return room.Room{Name: fmt.Sprintf("room%d-%d", maker, i), Host: "localhost"}
}

// TestRoomsNotPermitted: what the server's configuration lacks is said.
func TestRoomsNotPermitted(t *testing.T) {
	t.Parallel()
	lobby := room.Room{Name: "lobby", Host: "localhost"}
	t.Run("mod_muc_admin is not loaded", func(t *testing.T) {
		t.Parallel()
		r := roomsOf(t, testserver.Run(t, func(config map[string]any) {
			delete(config["modules"].(map[string]any), "mod_muc_admin")
		}))
		for command, err := range map[string]error{
			"create_room_with_opts": r.Create(patience(t), lobby, true),
			"destroy_room":          r.Destroy(patience(t), lobby),
			"set_room_affiliation":  r.SetAffiliation(patience(t), lobby, room.Affiliate{JID: jid.MustParse("u@localhost"), Affiliation: room.Owner}),
		} {
			lacks(t, err, "localhost", "mod_muc_admin must be loaded: it provides "+command)
		}
		_, err := r.List(patience(t), "example.org")
		lacks(t, err, "example.org", "mod_muc_admin must be loaded: it provides muc_online_rooms")
	})
	t.Run("a command is not permitted, the service has another name", func(t *testing.T) {
		t.Parallel()
		r := roomsOf(t, testserver.Run(t, func(config map[string]any) {
			config["modules"].(map[string]any)["mod_muc"] = map[string]any{"hosts": []any{"muc.@HOST@"}}
			permission := config["api_permissions"].(map[string]any)["emanagement"].(map[string]any)
			permission["what"] = slices.DeleteFunc(permission["what"].([]any), func(c any) bool { return c == "set_room_affiliation" })
		}))
		lacks(t, r.SetAffiliation(patience(t), lobby, room.Affiliate{JID: jid.MustParse("u@localhost"), Affiliation: room.Owner}), "localhost", "what: in api_permissions must name set_room_affiliation")
		_, listed := r.List(patience(t), "localhost")
		for _, err := range []error{listed, r.Create(patience(t), lobby, true), r.Destroy(patience(t), lobby)} {
			var none *room.NoServiceError
			require.ErrorAs(t, err, &none)
			assert.Equal(t, "localhost", none.Host)
		}
	})
}

// lacks checks that an error tells what the configuration lacks.
func lacks(t testing.TB, err error, host, what string) {
	t.Helper()
	var lacking *fault.NotPermittedError
	if assert.ErrorAs(t, err, &lacking) {
		assert.Equal(t, host, lacking.Host)
		assert.Contains(t, lacking.What, what)
	}
}
