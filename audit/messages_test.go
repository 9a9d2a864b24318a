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
)

// messageServer is a server on which every message ends with the same error, or none.
type messageServer struct{ err error }

func (s messageServer) SendMessage(context.Context, jid.JID, jid.JID, string) error { return s.err }

func TestMessagesAreRecorded(t *testing.T) {
	for outcome, err := range map[string]error{"done": nil, "no room": errors.New("no room")} {
		t.Run(outcome, func(t *testing.T) {
			var log bytes.Buffer
			server := audit.Messages(messageServer{err})
			require.Equal(t, err, server.SendMessage(audit.With(t.Context(), audit.NewLog(&log)), a, b, "between us"))
			require.Equal(t, err, server.SendMessage(t.Context(), a, b, "between us"), "a context without a log")
			require.Equal(t, 1, strings.Count(log.String(), "\n"))
			var got map[string]string
			require.NoError(t, json.Unmarshal(log.Bytes(), &got))
			delete(got, "time")
			assert.Equal(t, map[string]string{"msg": "message", "from": "a@a.example", "to": "b@b.example", "level": "INFO", "outcome": outcome}, got)
		})
	}
}
