package message_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"

	"emanagement/message"
)

// TestBroadcast sends a hundred messages a second and continues after failures.
func TestBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: make(map[string]error)}
		lost := errors.New("lost")
		from := jid.MustParse("news@x.example")
		var to []jid.JID
		var want []error
		for i := range 200 {
			to = append(to, jid.MustParse(fmt.Sprintf("u%d@a.example", i)))
			want = append(want, nil)
			if i%7 == 0 {
				m.fail[fmt.Sprintf("%s to %s: hi", from, to[i])], want[i] = lost, lost
			}
		}
		began := time.Now()
		var got []error
		err := message.New(m).Broadcast(t.Context(), from, to, "hi", func(r jid.JID, err error) error {
			assert.Equal(t, to[len(got)], r)
			got = append(got, err)
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Len(t, m.sent, 200, "each once")
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestBroadcastEnds(t *testing.T) {
	stopped := errors.New("stopped")
	to := []jid.JID{jid.MustParse("a@a.example"), jid.MustParse("b@a.example"), jid.MustParse("c@a.example")}
	for name, end := range map[string]func(stop context.CancelCauseFunc) error{
		"by its context":               func(stop context.CancelCauseFunc) error { stop(stopped); return nil },
		"by report":                    func(context.CancelCauseFunc) error { return stopped },
		"by its context at the outset": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(memory)
				ctx, stop := context.WithCancelCause(t.Context())
				if end == nil {
					stop(stopped)
				}
				err := message.New(m).Broadcast(ctx, jid.MustParse("x@a.example"), to, "hi", func(jid.JID, error) error { return end(stop) })
				require.ErrorIs(t, err, stopped)
				if end == nil {
					assert.Empty(t, m.sent)
				} else {
					assert.Equal(t, []string{"x@a.example to a@a.example: hi"}, m.sent)
				}
			})
		})
	}
}
