package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"emanagement/internal/audit"
	"emanagement/rooms"
)

// lobby is a server with one room, of which a is an owner. It takes everything,
// or nothing.
type lobby struct {
	rooms.Server
	err error
}

func (l lobby) CreateRoom(context.Context, rooms.Room, bool) error                { return l.err }
func (l lobby) DestroyRoom(context.Context, rooms.Room) error                     { return l.err }
func (l lobby) SetAffiliation(context.Context, rooms.Room, rooms.Affiliate) error { return l.err }
func (l lobby) Affiliations(context.Context, rooms.Room) ([]rooms.Affiliate, error) {
	return []rooms.Affiliate{{JID: a, Affiliation: "owner"}}, nil
}

func TestRoomsAreRecorded(t *testing.T) {
	room := rooms.Room{Name: "lobby", Host: "a.example"}
	const name = "lobby@conference.a.example"
	for outcome, err := range map[string]error{"done": nil, "no room": errors.New("no room")} {
		for change, test := range map[string]struct {
			do   func(context.Context, rooms.Server) error
			want map[string]any
		}{
			"created": {
				func(ctx context.Context, s rooms.Server) error { return s.CreateRoom(ctx, room, true) },
				map[string]any{"persistent": true},
			},
			"destroyed": {
				func(ctx context.Context, s rooms.Server) error { return s.DestroyRoom(ctx, room) },
				map[string]any{},
			},
			"affiliation": {
				func(ctx context.Context, s rooms.Server) error {
					return s.SetAffiliation(ctx, room, rooms.Affiliate{JID: a, Affiliation: "member"})
				},
				map[string]any{"jid": "a@a.example", "before": "owner", "after": "member"},
			},
		} {
			t.Run(outcome+"/"+change, func(t *testing.T) {
				var log bytes.Buffer
				require.ErrorIs(t, test.do(audit.With(t.Context(), audit.To(&log)), audit.Rooms(lobby{err: err})), err)
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
