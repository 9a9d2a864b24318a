package stanzas

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/rosterpush"
)

// Remove implements rosterpush.Server. It succeeds if the item does not exist.
func (s *Server) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	if !isAddressable(was.JID.Domainpart()) {
		return s.removeUnaddressable(ctx, user, was.JID)
	}
	err := s.setRoster(ctx, user, func() xml.TokenReader { return rosterRemove(was.JID) }, func() error {
		return s.removeByAPI(ctx, user, was.JID)
	})
	if component.Condition(err) == stanza.ItemNotFound {
		return nil
	}
	return err
}

// isAddressable reports whether a stanza can contain a host. The server's own command can
// store a host in a roster that it refuses in a stanza, or to which it does not answer.
func isAddressable(host string) bool {
	return !strings.ContainsFunc(host, unicode.IsSpace) && !strings.Contains(host, "@") && !strings.Contains("."+host, "..")
}

// removeUnaddressable removes an item with a host that no stanza can contain. Ad-hoc
// commands refuse the host, because it is not a host of the server.
func (s *Server) removeUnaddressable(ctx context.Context, user, contact jid.JID) error {
	err := s.removeByAPI(ctx, user, contact)
	if isNotPermitted(err) {
		return &rosterpush.RefusedError{User: user, Text: fmt.Sprintf("no stanza can name %s, and of API commands it takes that host over HTTP only (api in emanagement.yml); ejabberdctl delete_rosteritem removes it, too", contact)}
	}
	return err
}

func isNotPermitted(err error) bool {
	_, ok := errors.AsType[*fault.NotPermittedError](err)
	return ok
}
