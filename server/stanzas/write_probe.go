package stanzas

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// The two accounts of a write probe. They need not exist. The probe removes its item. If the
// stream is lost before that, the next probe removes it.
const (
	writeProbeUser    = "emanagement-check"
	writeProbeContact = "emanagement-check-contact"
)

// writeProbeTimeout limits a write probe.
const writeProbeTimeout = 30 * time.Second

// probeHost finds out a host's write method, and whether the server's configuration permits
// it. For that it writes an item into the roster of an account that does not exist, and
// removes it. An error in the log names the missing part of the configuration, and a remedy.
// Until the first probe of the host has ended, each write that changes a subscription waits.
// During a later probe, the method that was known before counts.
func (s *Server) probeHost(ctx context.Context, host string) {
	probing, cancel := context.WithTimeout(ctx, writeProbeTimeout)
	defer cancel()
	s.api.ForgetHost(host)
	s.listings.forget(probing, host)
	s.sharings.forget(probing, host)
	s.methods.retryStanzas(host)
	m, err := s.probeWriteMethod(probing, host)
	if ctx.Err() != nil {
		return // the stream is lost, and the next one has a probe of its own
	}
	defer s.methods.markProbed(host)
	s.methods.set(host, m, err == nil)
	switch {
	case err == nil:
		s.logReady(host, m)
	case m == writeUnknown && (isNotPermitted(err) || isDatabaseFailure(err) || errors.Is(err, fault.ErrUnreachable)):
		s.log.Error("rosters cannot be changed on this host", "host", host, "why", err)
	case m == writeUnknown && s.methods.current(host) != writeUnknown:
		s.log.Warn("how this host takes subscriptions could not be checked again", "host", host, "subscriptions_by", s.methods.current(host), "why", err)
	case m == writeUnknown:
		// Prosody stores no roster for an account that does not exist. The first item
		// that is written for an existing one shows the method.
		s.log.Info("how this host takes subscriptions is not known yet", "host", host, "why", err)
	default:
		s.log.Error("subscriptions cannot be written on this host", "host", host, "why", err)
	}
}

func (s *Server) logReady(host string, m writeMethod) {
	s.log.Info("ready", "host", host, "subscriptions_by", m)
}

// probeWriteMethod writes an item, removes it, and returns the method that worked. Together
// with an error, it returns the method that the host needs, or writeUnknown.
func (s *Server) probeWriteMethod(ctx context.Context, host string) (m writeMethod, err error) {
	user, contact := address.Account(writeProbeUser, host), address.Account(writeProbeContact, host)
	item := rosterpush.Item{JID: contact, Subscription: rosterpush.Both}
	// An item of an earlier probe would be mistaken for the one that this probe writes.
	if err := s.Remove(ctx, user, item); err != nil {
		return writeUnknown, err
	}
	if m, err = s.detectWriteMethod(ctx, user, item); err != nil {
		return writeUnknown, err
	}
	if m == writeByAPI {
		err = s.addByAPI(ctx, user, item)
	}
	return m, errors.Join(err, s.Remove(ctx, user, item))
}

// detectWriteMethod writes an item by stanza, reads it back, and returns the host's write
// method. Unless that is writeByAPI, the item is written. The roster must not have had the
// contact with that subscription.
func (s *Server) detectWriteMethod(ctx context.Context, user jid.JID, item rosterpush.Item) (writeMethod, error) {
	if err := s.putByStanza(ctx, user, item); err != nil {
		return writeUnknown, err
	}
	if m := s.methods.current(user.Domainpart()); m == writeByAPIOnly { // putByStanza has found that
		return m, nil
	}
	roster, err := s.Roster(ctx, user, nil)
	if err != nil {
		return writeUnknown, err
	}
	for _, i := range roster.Items() {
		if i.JID.Equal(item.JID) && i.Subscription == item.Subscription {
			return writeByStanza, nil
		}
	}
	return writeByAPI, nil
}
