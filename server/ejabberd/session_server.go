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

// startedTimeout limits the wait for the server's answer that it runs. It is longer than
// the probe, which may find that no command is permitted.
const startedTimeout = 8 * time.Second

// SessionServer implements the methods of presence.Server that concern sessions. It
// classifies the errors (API.Classify). Except for Kick, it repeats a request whose stream
// was lost. Its methods block as those of API do, and may be used concurrently.
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
func (s SessionServer) SetPresence(ctx context.Context, session presence.Session, p presence.Presence) error {
	return s.repeat(ctx, session.JID.Domainpart(), func() error { return s.api.SetPresence(ctx, session.JID, p) })
}

// Kick implements presence.Server. It is not repeated: another session with the same
// resource may have begun meanwhile.
func (s SessionServer) Kick(ctx context.Context, session jid.JID, reason string) error {
	return s.api.Classify(ctx, session.Domainpart(), s.api.Kick(ctx, session, reason))
}

// Started implements presence.Server. It asks the first host that grants access, and waits
// at most 8 s. It returns false if no host grants access.
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

// repeat makes a request that reads or sets a state. Such a request does no harm if it is
// made twice.
func (s SessionServer) repeat(ctx context.Context, host string, request func() error) error {
	return s.api.Classify(ctx, host, server.Repeat(ctx, request))
}
