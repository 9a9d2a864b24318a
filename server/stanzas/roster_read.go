package stanzas

import (
	"context"
	"fmt"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/server"
)

// Roster implements rosterpush.Server. The error is a *rosterpush.UnreadableError if the
// server ends the stream instead of sending the roster.
func (s *Server) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	var answer component.Content
	err := s.readRoster(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.GetIQ, user, rosterGet(), &answer)
	})
	if component.Condition(err) == stanza.Forbidden {
		return nil, &fault.NotPermittedError{Host: user.Domainpart(), Reason: noRosterPrivilege}
	}
	if err = server.Classify(ctx, user.String(), err); err != nil {
		return nil, err
	}
	var q rosterResult
	if err := answer.Decode(&q); err != nil {
		return nil, fmt.Errorf("%s: a roster that cannot be read: %w", user, err)
	}
	return q.items(answer.Damaged())
}
