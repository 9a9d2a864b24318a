package store

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
)

// observedRosters queues for the index the users whose rosters are read and written.
type observedRosters struct {
	rosterpush.Server
	users *Users
}

// Rosters returns server with an observer: each user whose roster is written, or read
// and found not empty, is queued for the index, with the contacts in the roster.
func (u *Users) Rosters(server rosterpush.Server) rosterpush.Server {
	return observedRosters{server, u}
}

// Roster implements rosterpush.Server. The contacts of a roster that still holds were queued
// when it was read.
func (o observedRosters) Roster(ctx context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	roster, err := o.Server.Roster(ctx, user, known)
	if items := roster.Items(); len(items) > 0 && roster != known {
		users := make([]jid.JID, 0, len(items)+1)
		users = append(users, user)
		for _, i := range items {
			users = append(users, i.JID)
		}
		o.users.Queue(users...)
	}
	return roster, err
}

// Put implements rosterpush.Server.
func (o observedRosters) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	err := o.Server.Put(ctx, user, item, was)
	o.queueWritten(user, err)
	return err
}

// Remove implements rosterpush.Server.
func (o observedRosters) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	err := o.Server.Remove(ctx, user, was)
	o.queueWritten(user, err)
	return err
}

// queueWritten queues a user whose roster was written, or may have been: without an
// answer the outcome of the write is unknown.
func (o observedRosters) queueWritten(user jid.JID, err error) {
	if err == nil || errors.Is(err, fault.ErrNoAnswer) {
		o.users.Queue(user)
	}
}
