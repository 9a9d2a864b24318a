package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/audit"
	"emanagement/room"
)

// roomServer is a server with one room, which a owns. All writes end with the same error,
// or none.
type roomServer struct {
	room.Server
	err error
}

func (s roomServer) CreateRoom(context.Context, room.Room, bool) error               { return s.err }
func (s roomServer) DestroyRoom(context.Context, room.Room) error                    { return s.err }
func (s roomServer) SetAffiliation(context.Context, room.Room, room.Affiliate) error { return s.err }
func (s roomServer) Affiliations(context.Context, room.Room) ([]room.Affiliate, error) {
	return []room.Affiliate{{JID: a, Affiliation: "owner"}}, nil
}

func TestRoomsAreRecorded(t *testing.T) {
	lobby := room.Room{Name: "lobby", Host: "a.example"}
	const name = "lobby@conference.a.example"
	for outcome, err := range map[string]error{"done": nil, "no room": errors.New("no room")} {
		for change, test := range map[string]struct {
			do   func(context.Context, room.Server) error
			want map[string]any
		}{
			"created": {
				func(ctx context.Context, s room.Server) error { return s.CreateRoom(ctx, lobby, true) },
				map[string]any{"persistent": true},
			},
			"destroyed": {
				func(ctx context.Context, s room.Server) error { return s.DestroyRoom(ctx, lobby) },
				map[string]any{},
			},
			"affiliation": {
				func(ctx context.Context, s room.Server) error {
					return s.SetAffiliation(ctx, lobby, room.Affiliate{JID: a, Affiliation: "member"})
				},
				map[string]any{"jid": "a@a.example", "before": "owner", "after": "member"},
			},
		} {
			t.Run(outcome+"/"+change, func(t *testing.T) {
				var log bytes.Buffer
				require.ErrorIs(t, test.do(audit.With(t.Context(), audit.NewLog(&log)), audit.Rooms(roomServer{err: err})), err)
				var got map[string]any
				require.NoError(t, json.Unmarshal(log.Bytes(), &got))
				delete(got, "time")
				test.want["level"], test.want["msg"], test.want["room"] = "INFO", "room", name
				test.want["change"], test.want["outcome"] = change, outcome
				assert.Equal(t, test.want, got)
			})
		}
	}
}
