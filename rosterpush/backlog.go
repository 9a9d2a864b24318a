package rosterpush

import (
	"cmp"
	"slices"
	"sync"

	"mellium.im/xmpp/jid"
)

// backlog is what must be settled before a request about its users may go on: intents
// that were not over, and changes that the server may have lost.
type backlog struct {
	mu     sync.Mutex
	breaks int // how many streams have broken
	users  map[string]*unsettled
	grown  chan struct{} // closed and replaced whenever something is added
}

// unsettled is the backlog of one user.
type unsettled struct {
	user    jid.JID
	intents []*Intent // oldest first
	trails  map[string]trail
}

// trail is the changes of one item that the server may have lost, oldest first.
type trail []step

// step is one change of a trail.
type step struct {
	Change
	intent Intent
}

func newBacklog() *backlog {
	return &backlog{users: make(map[string]*unsettled), grown: make(chan struct{})}
}

// addIntent adds an intent to each of its users.
func (b *backlog) addIntent(i Intent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, user := range usersOf(i) {
		u := b.of(user)
		u.intents = append(u.intents, &i)
	}
	b.wake()
}

// countBreak counts a broken stream.
func (b *backlog) countBreak() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.breaks++
}

func (b *backlog) countBreaks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaks
}

// suspect adds changes that the server may have lost.
func (b *backlog) suspect(kept ...Intent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range kept {
		for _, c := range i.Changes {
			b.addStep(step{c, i})
		}
	}
	b.wake()
}

// addStep adds a change to the trail of its item. A removal ends the trail of the
// contact's own item, because the server changes that item itself. The caller holds mu.
func (b *backlog) addStep(s step) {
	u, contact := b.of(s.User), s.Contact.String()
	t := u.trails[contact]
	at, known := slices.BinarySearchFunc(t, s.intent.Number, func(s step, number int64) int { return cmp.Compare(s.intent.Number, number) })
	if !known {
		u.trails[contact] = slices.Insert(t, at, s)
	}
	if other := b.users[contact]; other != nil && s.intent.Kind == Removal {
		delete(other.trails, s.User.String())
		b.forgetIfEmpty(other)
	}
}

// of returns the backlog of a user. The caller holds mu, and adds something to it.
func (b *backlog) of(user jid.JID) *unsettled {
	u := b.users[user.String()]
	if u == nil {
		u = &unsettled{user: user, trails: make(map[string]trail)}
		b.users[user.String()] = u
	}
	return u
}

func (b *backlog) wake() {
	close(b.grown)
	b.grown = make(chan struct{})
}

// concerns reports whether something of any of the users is to be settled.
func (b *backlog) concerns(users ...jid.JID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(users, func(u jid.JID) bool { return b.users[u.String()] != nil })
}

// usersAt returns the users of a host of whom something is to be settled. grown is
// closed when there may be more.
func (b *backlog) usersAt(host string) (users []jid.JID, grown <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.users {
		if u.user.Domainpart() == host {
			users = append(users, u.user)
		}
	}
	return users, b.grown
}

// firstIntent returns the oldest intent of a user, or nil.
func (b *backlog) firstIntent(user jid.JID) *Intent {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u := b.users[user.String()]; u != nil && len(u.intents) > 0 {
		return u.intents[0]
	}
	return nil
}

// trailsOf returns the trails of a user's items.
func (b *backlog) trailsOf(user jid.JID) (trails []trail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u := b.users[user.String()]; u != nil {
		for _, t := range u.trails {
			trails = append(trails, slices.Clone(t))
		}
	}
	return trails
}

// removeIntent removes an intent that has been settled.
func (b *backlog) removeIntent(i *Intent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, user := range usersOf(*i) {
		if u := b.users[user.String()]; u != nil {
			u.intents = slices.DeleteFunc(u.intents, func(o *Intent) bool { return o == i })
			b.forgetIfEmpty(u)
		}
	}
}

// removeTrail removes a trail that has been settled, unless it has grown since.
func (b *backlog) removeTrail(settled trail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u, contact := b.users[settled[0].User.String()], settled[0].Contact.String()
	if u != nil && len(u.trails[contact]) == len(settled) {
		delete(u.trails, contact)
		b.forgetIfEmpty(u)
	}
}

func (b *backlog) forgetIfEmpty(u *unsettled) {
	if len(u.intents)+len(u.trails) == 0 {
		delete(b.users, u.user.String())
	}
}

// usersOf returns the users whose items an intent changes, each once.
func usersOf(i Intent) (users []jid.JID) {
	for _, c := range i.Changes {
		if !slices.ContainsFunc(users, c.User.Equal) {
			users = append(users, c.User)
		}
	}
	return users
}
