package rosterpush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/xmpp/address"
)

// crawlWidth is how many rosters are looked at at once: enough to keep the
// server busy, few enough to leave room for others.
const crawlWidth = 12

// Source is one way to learn of users who may have a roster.
type Source struct {
	Name string // for people
	// Users names users of a host. conclusive says that it would know of
	// rosters there: where none of these users has one, nobody has, as far as
	// anybody can tell.
	Users func(ctx context.Context, host string) (users []jid.JID, conclusive bool, err error)
	// Keep, where it is not nil, writes users down, so that Users names them from
	// now on: the rosters that lead to them are about to be cleared. Such a source
	// may know users whom nothing else does, and so none is found without it.
	Keep func(ctx context.Context, users []jid.JID) error
}

// Basis is what one source had to say of one host.
type Basis struct {
	Source     string
	Host       string
	Users      int
	Conclusive bool  // see Source
	Err        error // why it could say nothing
}

// Census is what was found on some hosts, so far or in the end.
type Census struct {
	Met     int // so many users were met
	Looked  int // at the rosters of so many of them
	Rosters int // so many of them have items
	Unread  int // so many could not be looked at; First is one of them
	First   Failure
	Items   int // and so many
	Basis   []Basis
	// Blind are the hosts on which nobody with a roster was found, and of which no
	// source is conclusive.
	Blind []string
}

// String says what the census rests on: each source with how many users it
// named, or why it named none.
func (c Census) String() string {
	var parts []string
	for _, b := range c.Basis {
		i := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, b.Source+":") })
		if i < 0 {
			i = len(parts)
			parts = append(parts, b.Source+":")
		} else {
			parts[i] += ","
		}
		if b.Err != nil {
			parts[i] += fmt.Sprintf(" not available on %s", b.Host)
		} else {
			parts[i] += fmt.Sprintf(" %d on %s", b.Users, b.Host)
		}
	}
	if c.Unread > 0 {
		parts = append(parts, fmt.Sprintf("%s could not be read, such as that of %s: %v", count(c.Unread, "roster"), c.First.JID, c.First.Err))
	}
	for _, h := range c.Blind {
		parts = append(parts, fmt.Sprintf("nobody was found on %s, and nothing says that there is nobody", h))
	}
	return strings.Join(parts, "; ")
}

// blind finds Blind, given the hosts on which somebody was found.
func (c Census) blind(hosts []string, found map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(h string) bool {
		return found[h] || slices.ContainsFunc(c.Basis, func(b Basis) bool { return b.Host == h && b.Conclusive })
	})
}

// crawl goes from roster to roster: first those of the users whom the sources
// name, then those of the contacts in them, breadth first. Each is looked at
// once. It keeps who was met, and of the rosters nothing.
type crawl struct {
	sources []Source
	hosts   []string
	// look reads a roster, and may change it.
	look func(ctx context.Context, user jid.JID) (view, error)
	// found is told what was seen, one roster at a time. Its error ends the
	// crawl.
	found func(user uint32, v view) error

	all bool // nobody may be missed: a blind host is an error, whoever was found elsewhere

	peopled map[string]bool   // the hosts on which somebody was found
	users   []jid.JID         // met so far, in that order
	number  map[string]uint32 // of each, in users
	next    int               // the first that was not looked at
	census  Census
}

// view is what was seen of a roster, and done to it.
type view struct {
	items   []Item
	removed int   // of these
	kept    int   // of these, where all were to be removed
	failed  error // why they could not be
	unread  error // why nothing could be seen
}

// run crawls to the end, the first failure, or the context's end. The error is
// a *NobodyError where nobody was found and no source is conclusive, a
// *SourceError, or that of a look.
func (c *crawl) run(ctx context.Context) error {
	c.number, c.peopled = make(map[string]uint32), make(map[string]bool)
	for _, s := range c.sources {
		for _, h := range c.hosts {
			if err := c.consult(ctx, s, h); err != nil {
				return err
			}
		}
		if err := c.follow(ctx); err != nil {
			return err
		}
	}
	blind := c.census.blind(c.hosts, c.peopled)
	if len(blind) > 0 && (c.all || c.census.Rosters == 0) {
		return &NobodyError{Hosts: blind, Census: c.census}
	}
	c.census.Blind = blind
	return nil
}

// consult meets the users whom a source names. A source that fails is one
// less to rest on.
func (c *crawl) consult(ctx context.Context, s Source, host string) error {
	users, conclusive, err := s.Users(ctx, host)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*fault.NotServedError](err); ok {
		return err
	}
	if err != nil && s.Keep != nil {
		return &SourceError{Source: s.Name, Err: err}
	}
	c.census.Basis = append(c.census.Basis, Basis{Source: s.Name, Host: host, Users: len(users), Err: err, Conclusive: conclusive && err == nil})
	for _, u := range users {
		c.meet(u)
	}
	return nil
}

// meet takes a user of the hosts in, who may be known already, and returns
// its number. local says whether it is one.
func (c *crawl) meet(user jid.JID) (number uint32, local bool) {
	user = address.Prepare(user.Bare()) // else one account would be met under two names
	if user.Localpart() == "" || !slices.Contains(c.hosts, user.Domainpart()) {
		return 0, false
	}
	name := user.String()
	number, known := c.number[name]
	if !known {
		number = uint32(len(c.users))
		c.number[name] = number
		c.users = append(c.users, user)
	}
	return number, true
}

// follow looks at the roster of everybody who was met, until there is nobody
// left whose it has not. It returns when no look is under way.
func (c *crawl) follow(ctx context.Context) (err error) {
	type sight struct {
		user uint32
		view view
		err  error
	}
	sights := make(chan sight)
	for busy := 0; ; busy-- {
		for ; err == nil && ctx.Err() == nil && busy < crawlWidth && c.next < len(c.users); busy++ {
			number, user := uint32(c.next), c.users[c.next]
			c.next++
			go func() { // received below
				v, err := c.look(ctx, user)
				sights <- sight{number, v, err}
			}()
		}
		if busy == 0 {
			break
		}
		s := <-sights
		if noted := c.note(s.user, s.view); err == nil {
			err = cmp.Or(s.err, noted)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// note counts what was seen of a roster, and meets the contacts in it.
func (c *crawl) note(user uint32, v view) error {
	c.census.Looked++
	if v.unread != nil {
		if c.census.Unread++; c.census.Unread == 1 {
			c.census.First = Failure{c.users[user], v.unread}
		}
	}
	c.census.Items += len(v.items)
	if len(v.items) > 0 {
		c.census.Rosters++
		c.peopled[c.users[user].Domainpart()] = true
	}
	for _, i := range v.items {
		c.meet(i.JID)
	}
	c.census.Met = len(c.users)
	return c.found(user, v)
}
