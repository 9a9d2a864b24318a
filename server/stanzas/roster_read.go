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

// Roster implements rosterpush.Server. A server that keeps versions of rosters (RFC 6121 §2.6)
// answers the version of a roster that has not changed by an empty result. That says nothing
// about items of shared roster groups, so no version counts where there may be any. The
// error is a *rosterpush.UnreadableError if the server ends the stream instead of sending the
// roster.
func (s *Server) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	if known != nil && s.MayShare(ctx, user.Domainpart()) {
		known = nil
	}
	var answer component.Content
	err := s.readRoster(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.GetIQ, user, rosterGet(known), &answer)
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
	switch {
	case q.XMLName.Local == "" && known.Version() != "":
		return known, nil
	case q.XMLName.Local == "":
		return nil, fmt.Errorf("%s: an answer without a roster", user)
	}
	items, err := q.items(answer.Damaged())
	if err != nil {
		return nil, err
	}
	if q.Version != "" && s.MayShare(ctx, user.Domainpart()) { // there may have been a group meanwhile
		q.Version = ""
	}
	return rosterpush.NewRoster(q.Version, items), nil
}
