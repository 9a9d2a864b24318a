package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/audit"
	"emanagement/presence"
)

// presenceServer is a server on which all writes end with the same error, or none.
type presenceServer struct {
	presence.Server
	err error
}

func (s presenceServer) SetPresence(context.Context, presence.Session, presence.Presence) error {
	return s.err
}

func (s presenceServer) Kick(context.Context, jid.JID, string) error { return s.err }

func (s presenceServer) SendPresence(context.Context, jid.JID, jid.JID, presence.Presence) error {
	return s.err
}

func TestPresencesAreRecorded(t *testing.T) {
	session := jid.MustParse("a@a.example/r")
	for outcome, err := range map[string]error{"done": nil, "no room": errors.New("no room")} {
		for name, test := range map[string]struct {
			do   func(context.Context, presence.Server) error
			want map[string]string
		}{
			"away": {
				func(ctx context.Context, s presence.Server) error {
					return s.SetPresence(ctx, presence.Session{JID: session, Presence: presence.Presence{Show: "xa"}}, presence.Presence{Show: "away", Status: "at\nlunch", Priority: -1})
				}, map[string]string{"msg": "presence", "session": "a@a.example/r", "before": `xa "" 0`, "after": `away "at\nlunch" -1`},
			},
			"available": {
				func(ctx context.Context, s presence.Server) error {
					return s.SetPresence(ctx, presence.Session{JID: session, Presence: presence.Presence{Show: "xa"}}, presence.Presence{})
				}, map[string]string{"msg": "presence", "session": "a@a.example/r", "before": `xa "" 0`, "after": `available "" 0`},
			},
			"unavailable": {
				func(ctx context.Context, s presence.Server) error {
					return s.SetPresence(ctx, presence.Session{JID: session, Presence: presence.Presence{Show: "xa"}}, presence.Presence{Unavailable: true})
				}, map[string]string{"msg": "presence", "session": "a@a.example/r", "before": `xa "" 0`, "after": `unavailable "" 0`},
			},
			"kick": {
				func(ctx context.Context, s presence.Server) error { return s.Kick(ctx, session, "why not") },
				map[string]string{"msg": "kick", "session": "a@a.example/r", "reason": "why not"},
			},
			"announcement": {
				func(ctx context.Context, s presence.Server) error {
					return s.SendPresence(ctx, a, b, presence.Presence{Show: "dnd", Status: "busy", Priority: 1})
				}, map[string]string{"msg": "announcement", "from": "a@a.example", "to": "b@b.example", "after": `dnd "busy" 1`},
			},
		} {
			t.Run(name+"-"+outcome, func(t *testing.T) {
				var log bytes.Buffer
				server := audit.Presences(presenceServer{err: err})
				require.Equal(t, err, test.do(audit.With(t.Context(), audit.NewLog(&log)), server))
				require.Equal(t, err, test.do(t.Context(), server), "a context without a log")
				require.Equal(t, 1, strings.Count(log.String(), "\n"))
				var got map[string]string
				require.NoError(t, json.Unmarshal(log.Bytes(), &got))
				delete(got, "time")
				test.want["level"], test.want["outcome"] = "INFO", outcome
				assert.Equal(t, test.want, got)
			})
		}
	}
}
