package stanzas

import (
	"context"
	"encoding/xml"
	"errors"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/component"
	"emanagement/rosterpush"
)

// Put implements rosterpush.Server. If the subscription does not change, it writes the item
// by roster stanza. Otherwise the host's write method decides, for which Put waits.
func (s *Server) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	before := rosterpush.None
	switch {
	case was != nil:
		before = was.Subscription
	case item.Subscription != rosterpush.To:
		// The contact may have sent a request, which no roster shows if there is no
		// item. With the subscription none, it would hide the new item. With another
		// one but "to", the user could no longer answer it.
		if err := s.Remove(ctx, user, rosterpush.Item{JID: item.JID}); err != nil {
			return err
		}
	}
	if before == item.Subscription {
		err := s.putByStanza(ctx, user, item)
		if component.Condition(err) == stanza.BadRequest && s.methods.current(user.Domainpart()) == writeByAPI {
			// ejabberd refuses two groups that resourceprep makes equal or cannot
			// prepare (a tab, a mark of direction). Its API does not.
			return s.putByAPI(ctx, user, item)
		}
		return err
	}
	m, err := s.methods.await(ctx, user.Domainpart())
	if err != nil {
		return err
	}
	if m == writeByAPI {
		return s.putByAPI(ctx, user, item)
	}
	// The answer to a stanza proves nothing, so the item is read back each time.
	if m, err = s.detectWriteMethod(ctx, user, item); err != nil || m != writeByAPI {
		return err
	}
	if err := s.putByAPI(ctx, user, item); err != nil {
		return errors.Join(err, s.restore(ctx, user, item.JID, was))
	}
	s.methods.set(user.Domainpart(), writeByAPI, true)
	return nil
}

// putByStanza writes an item by roster stanza, or by API command if no roster stanza writes
// anything.
func (s *Server) putByStanza(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	return s.setRoster(ctx, user, func() xml.TokenReader { return rosterSet(item) }, func() error {
		return s.addByAPI(ctx, user, item)
	})
}

// putByAPI writes an item by API command. A stanza adds the parts that the command does not
// write.
func (s *Server) putByAPI(ctx context.Context, user jid.JID, item rosterpush.Item) error {
	if err := s.addByAPI(ctx, user, item); err != nil {
		return err
	}
	if s.methods.confirm(user.Domainpart()) {
		s.logReady(user.Domainpart(), writeByAPI)
	}
	// The command does not write a pre-approval. An older version of it takes exactly one
	// group.
	if item.Approved || len(item.Groups) != 1 && s.api.TakesOneGroup(user.Domainpart()) {
		return s.putByStanza(ctx, user, item)
	}
	return nil
}

// restore undoes the write of detectWriteMethod, whose subscription the server ignored.
func (s *Server) restore(ctx context.Context, user, contact jid.JID, was *rosterpush.Item) error {
	if was == nil {
		return s.Remove(ctx, user, rosterpush.Item{JID: contact})
	}
	return s.putByStanza(ctx, user, *was)
}
