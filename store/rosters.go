package store

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
)

// rosters notes whose rosters are read and written.
type rosters struct {
	rosterpush.Server
	index *Index
}

// Rosters returns the server with everybody noted in the index whose roster is
// written, or read and not empty, and the contacts in it.
func (x *Index) Rosters(s rosterpush.Server) rosterpush.Server { return rosters{s, x} }

// Roster implements rosterpush.Server.
func (r rosters) Roster(ctx context.Context, user jid.JID) ([]rosterpush.Item, error) {
	items, err := r.Server.Roster(ctx, user)
	if len(items) > 0 {
		users := []jid.JID{user}
		for _, i := range items {
			users = append(users, i.JID)
		}
		r.index.Note(users...)
	}
	return items, err
}

// Put implements rosterpush.Server.
func (r rosters) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	err := r.Server.Put(ctx, user, item, was)
	r.wrote(user, err)
	return err
}

// Remove implements rosterpush.Server.
func (r rosters) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	err := r.Server.Remove(ctx, user, was)
	r.wrote(user, err)
	return err
}

// wrote notes a user whose roster was written, or may have been.
func (r rosters) wrote(user jid.JID, err error) {
	if err == nil || errors.Is(err, fault.ErrNoAnswer) {
		r.index.Note(user)
	}
}
