package stanzas

import (
	"context"
	"encoding/xml"
	"errors"
	"maps"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/fault"
	"emanagement/server"
)

// setRoster sends a roster set. If no roster stanza writes anything on the host, it calls
// byAPI instead, which must make the same change.
func (s *Server) setRoster(ctx context.Context, user jid.JID, payload func() xml.TokenReader, byAPI func() error) error {
	host := user.Domainpart()
	method := s.methods.current(host)
	if method == writeByAPIOnly {
		return byAPI()
	}
	err := s.repeat(ctx, user, func() error {
		return s.component.Ask(ctx, stanza.SetIQ, user, payload(), nil)
	})
	switch component.Condition(err) {
	case "":
		if err == nil {
			s.unreadable.remove(user)
		}
	case stanza.Forbidden:
		return &fault.NotPermittedError{Host: host, Reason: noRosterPrivilege}
	case stanza.NotAllowed:
		return &fault.NotPermittedError{Host: host, Reason: noRosterAccess}
	case stanza.InternalServerError:
		if method != writeUnknown || isDatabaseFailure(err) {
			return err // stanzas have worked before, so this is a failure of the moment
		}
		if !s.api.HasHTTP() {
			return &fault.NotPermittedError{Host: host, Reason: noRosterStanzas}
		}
		if err := byAPI(); err != nil {
			return err
		}
		s.methods.set(host, writeByAPIOnly, true)
		return nil
	}
	return err
}

// isDatabaseFailure reports whether the server's database failed, for example because it is
// locked or cannot be reached. The text is ejabberd's.
func isDatabaseFailure(err error) bool {
	e, ok := errors.AsType[stanza.Error](err)
	return ok && slices.ContainsFunc(slices.Collect(maps.Values(e.Text)), func(text string) bool { return strings.Contains(text, "Database failure") })
}

// repeat makes a request that concerns a user's roster, repeats it if its stream is lost,
// and classifies its error.
func (s *Server) repeat(ctx context.Context, user jid.JID, request func() error) error {
	return server.Classify(ctx, user.String(), server.Repeat(ctx, request))
}
