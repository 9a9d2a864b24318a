package stanzas

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/server/ejabberd"
)

// addByAPI writes an item by the API command add_rosteritem.
func (s *Server) addByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	err := s.repeat(ctx, user, func() error {
		return s.api.AddRosterItem(ctx, user, item.JID, item.Name, item.Groups, string(item.Subscription))
	})
	e, ok := errors.AsType[*ejabberd.Error](err)
	if ok && e.Code == ejabberd.Forbidden && s.methods.isConfirmed(user.Domainpart()) && !s.isServedAs(item.JID.Domainpart()) {
		return &rosterpush.ForeignContactError{Contact: item.JID, Subscription: item.Subscription}
	}
	return s.classifyAPIError(ctx, user, err)
}

// isServedAs reports whether the server has a host in exactly this spelling. The server
// takes another spelling for a foreign host.
func (s *Server) isServedAs(host string) bool {
	return s.component.Serves(host) && s.component.Spelling(host) == host
}

// removeByAPI removes an item by the API command delete_rosteritem.
func (s *Server) removeByAPI(ctx context.Context, user, contact jid.JID) error {
	return s.classifyAPIError(ctx, user, s.repeat(ctx, user, func() error {
		return s.api.DeleteRosterItem(ctx, user, contact)
	}))
}

// classifyAPIError returns the API's refusal of a change as an error with a fault. It
// returns any other error unchanged.
func (s *Server) classifyAPIError(ctx context.Context, user jid.JID, err error) error {
	e, ok := errors.AsType[*ejabberd.Error](err)
	switch {
	case !ok:
		return err
	case e.Code == 0 && !e.HTTP && s.methods.isConfirmed(user.Domainpart()):
		// The command has worked before, so it crashed or took too long this time.
		return fmt.Errorf("%s: %w: %w", user, fault.ErrNoAnswer, e)
	case e.Code != 0 && e.Code != ejabberd.Forbidden:
		return &rosterpush.RefusedError{User: user, Text: e.Text}
	}
	return s.api.NotPermitted(ctx, user.Domainpart(), e)
}
