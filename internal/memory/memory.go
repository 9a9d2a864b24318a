// Package memory is a server that keeps rosters in memory, for tests.
package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

// Server keeps rosters as ejabberd was seen to: a write leaves a pending request as
// it is, and a removal ends the subscriptions of the contact's item. New makes one.
// It implements rosterpush.Server.
type Server struct {
	mu      sync.Mutex
	Rosters map[string]map[string]rosterpush.Item // by user and contact
	Writes  int                                   // how many there were, failed ones included
	// FailWrite is called before each write with its number, counted from one. An
	// error fails the write.
	FailWrite func(number int) error
	// FailAnswer, if not nil, is called after each write with its number. An error fails
	// the write although it was carried out.
	FailAnswer func(number int) error
	ReadError  error // of every read, if not nil
	Shares     bool  // whether MayShare is true

	reads      map[string]int // by user
	wholeReads int
}

// New returns a server without rosters, on which no write fails.
func New() *Server {
	return &Server{Rosters: make(map[string]map[string]rosterpush.Item), reads: make(map[string]int), FailWrite: func(int) error { return nil }}
}

// Store stores an item without counting a write.
func (s *Server) Store(user string, item rosterpush.Item) {
	if s.Rosters[user] == nil {
		s.Rosters[user] = make(map[string]rosterpush.Item)
	}
	s.Rosters[user][item.JID.String()] = item
}

// Roster implements rosterpush.Server.
func (s *Server) Roster(_ context.Context, user jid.JID, known *rosterpush.Roster) (*rosterpush.Roster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadError != nil {
		return nil, s.ReadError
	}
	s.reads[user.String()]++
	version := ""
	if known != nil {
		version = fmt.Sprint(s.Rosters[user.String()]) // maps are printed in the order of their keys
		if known.Version() == version {
			return known, nil
		}
	}
	s.wholeReads++
	return rosterpush.NewRoster(version, slices.Collect(maps.Values(s.Rosters[user.String()]))), nil
}

// CountReads returns how many reads of a user's roster there were, and how many reads of all
// users got the whole roster.
func (s *Server) CountReads(user string) (reads, whole int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads[user], s.wholeReads
}

// MayShare implements rosterpush.Server.
func (s *Server) MayShare(context.Context, string) bool { return s.Shares }

// Put implements rosterpush.Server.
func (s *Server) Put(_ context.Context, user jid.JID, item rosterpush.Item, _ *rosterpush.Item) error {
	return s.write(func() {
		item.Pending = s.Rosters[user.String()][item.JID.String()].Pending
		s.Store(user.String(), item)
	})
}

// Remove implements rosterpush.Server.
func (s *Server) Remove(_ context.Context, user jid.JID, was rosterpush.Item) error {
	contact := was.JID
	return s.write(func() {
		removed := s.Rosters[user.String()][contact.String()]
		delete(s.Rosters[user.String()], contact.String())
		if other, ok := s.Rosters[contact.String()][user.String()]; ok && removed.Subscription != rosterpush.None {
			other.Subscription = rosterpush.None
			s.Rosters[contact.String()][user.String()] = other
		}
	})
}

// Spelling implements rosterpush.Server.
func (*Server) Spelling(host string) string { return host }

func (s *Server) write(change func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Writes++
	if err := s.FailWrite(s.Writes); err != nil {
		return err
	}
	change()
	if s.FailAnswer != nil {
		return s.FailAnswer(s.Writes)
	}
	return nil
}

// Copy returns a copy of all rosters.
func (s *Server) Copy() map[string]map[string]rosterpush.Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]rosterpush.Item)
	for user, items := range s.Rosters {
		if len(items) > 0 {
			all[user] = maps.Clone(items)
		}
	}
	return all
}
