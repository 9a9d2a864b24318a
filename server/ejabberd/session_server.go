package ejabberd

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/presence"
	"emanagement/server"
)

// startedTimeout is how long a server that runs may take to say so. It takes longer to
// find out that no command is permitted.
const startedTimeout = 8 * time.Second

// SessionServer is the part of presence.Server that is about sessions. Its errors are
// classified, and requests are repeated if their stream is lost.
type SessionServer struct{ api *API }

// SessionServer returns the sessions of the API's hosts.
func (a *API) SessionServer() SessionServer { return SessionServer{a} }

// Sessions implements presence.Server.
func (s SessionServer) Sessions(ctx context.Context, user jid.JID) (sessions []presence.Session, err error) {
	err = s.repeat(ctx, user.Domainpart(), func() error {
		sessions, err = s.api.Sessions(ctx, user)
		return err
	})
	return sessions, err
}

// Connected implements presence.Server.
func (s SessionServer) Connected(ctx context.Context, host string) (connected []jid.JID, err error) {
	err = s.repeat(ctx, host, func() error {
		connected, err = s.api.Connected(ctx, host)
		return err
	})
	return connected, err
}

// SetPresence implements presence.Server.
func (s SessionServer) SetPresence(ctx context.Context, of presence.Session, p presence.Presence) error {
	return s.repeat(ctx, of.JID.Domainpart(), func() error { return s.api.SetPresence(ctx, of.JID, p) })
}

// Kick implements presence.Server. It is not repeated: a session of the same resource
// may have begun meanwhile.
func (s SessionServer) Kick(ctx context.Context, session jid.JID, reason string) error {
	return s.api.Classify(ctx, session.Domainpart(), s.api.Kick(ctx, session, reason))
}

// Started implements presence.Server.
func (s SessionServer) Started(ctx context.Context) (bool, error) {
	hosts := s.api.served()
	if len(hosts) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, startedTimeout)
	defer cancel()
	started, err := s.api.Started(ctx, hosts[0])
	if err = s.api.Classify(ctx, hosts[0], err); errors.Is(err, fault.ErrNoAnswer) {
		return false, nil
	}
	return started, err
}

// repeat makes a request of a host that reads or sets a state.
func (s SessionServer) repeat(ctx context.Context, host string, request func() error) error {
	return s.api.Classify(ctx, host, server.Repeat(ctx, request))
}
