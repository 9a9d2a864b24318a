package audit

import (
	"context"

	"mellium.im/xmpp/jid"

	"emanagement/message"
)

// messageServer records the messages that are sent.
type messageServer struct{ message.Server }

// Messages returns the server with every message recorded that is sent under a context
// made by With: its sender, its recipient and its outcome, but not its body.
func Messages(s message.Server) message.Server { return messageServer{s} }

// SendMessage implements message.Server.
func (s messageServer) SendMessage(ctx context.Context, from, to jid.JID, body string) error {
	err := s.Server.SendMessage(ctx, from, to, body)
	writeRecord(ctx, "message", err, "from", from, "to", to)
	return err
}
