package message_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/message"
)

// memory is a server in memory. It records each message as one line.
type memory struct {
	mu   sync.Mutex
	sent []string
	fail map[string]error // by line
}

func (m *memory) SendMessage(_ context.Context, from, to jid.JID, body string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line := fmt.Sprintf("%s to %s: %s", from, to, body)
	m.sent = append(m.sent, line)
	return m.fail[line]
}

func TestIllegalMessage(t *testing.T) {
	for _, body := range []string{"\x00", "a\x0bb", "\xff", "\ufffe", "\uffff", "\x1b[0m"} {
		m := new(memory)
		assert.ErrorIs(t, message.New(m).Send(t.Context(), jid.MustParse("x@a.example"), jid.MustParse("y@a.example"), body), message.ErrIllegalText)
		assert.Empty(t, m.sent)
	}
}

func TestFaults(t *testing.T) {
	sender := &message.SenderError{Sender: jid.MustParse("x@far.example"), Hosts: []string{"a.example", "b.example"}, Own: "e.example"}
	for want, err := range map[string]error{
		"x@far.example: messages can be sent as a user of a host that is managed here (a.example, b.example), or as a name at e.example": sender,
		"the text holds a character that XML does not allow":                                                                             message.ErrIllegalText,
	} {
		assert.Equal(t, &fault.Error{Code: fault.Declined, Text: want}, fault.Of(fmt.Errorf("log only: %w", err)))
	}
}
