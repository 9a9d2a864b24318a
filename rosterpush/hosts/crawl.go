package hosts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/rosterpush"
	"emanagement/xmpp/address"
)

// concurrentVisits is the number of rosters that a crawl visits at the same time:
// enough to keep the server busy, few enough to leave room for other requests.
const concurrentVisits = 12

// crawl goes from roster to roster, breadth first: first to those of the users whom
// the sources list, then to those of the contacts in them. It visits each roster
// once. It remembers all users, and nothing of their rosters.
type crawl struct {
	sources []Source
	hosts   []string
	// visit reads a roster, and may change it. Its error ends the crawl. It is called
	// concurrently.
	visit func(ctx context.Context, user jid.JID) (visit, error)
	// onVisit is called with the result of each visit, one at a time. user is the
	// number of the user. An error ends the crawl.
	onVisit func(user uint32, v visit) error
	// complete makes every inconclusive host an error, even if rosters were found on
	// others.
	complete bool

	users     []jid.JID         // all that were found, in that order; also the queue of visits
	numbers   map[string]uint32 // of each user: the index in users
	next      int               // the first user who was not visited
	populated map[string]bool   // the hosts on which a roster was found
	census    Census
}

// visit is the result of visiting one roster.
type visit struct {
	items    []rosterpush.Item
	readErr  error // why the roster could not be read, or cannot be shown
	removed  int   // items that were removed
	kept     int   // items that the server still shows after all could be removed
	clearErr error // why the roster could not be cleared
}

// run crawls to the end, to the first failure, or to the end of the context. Errors:
// an *InconclusiveError if no roster was found and no source is conclusive, a
// *SourceError, an error of visit or onVisit.
func (c *crawl) run(ctx context.Context) error {
	c.numbers, c.populated = make(map[string]uint32), make(map[string]bool)
	for _, s := range c.sources {
		for _, h := range c.hosts {
			if err := c.askSource(ctx, s, h); err != nil {
				return err
			}
		}
		if err := c.visitAll(ctx); err != nil {
			return err
		}
	}
	inconclusive := c.census.inconclusive(c.hosts, c.populated)
	if len(inconclusive) > 0 && (c.complete || c.census.Rosters == 0) {
		return &InconclusiveError{Hosts: inconclusive, Census: c.census}
	}
	c.census.Inconclusive = inconclusive
	return nil
}

// askSource adds the users whom a source lists. The crawl goes on without a source
// that fails, unless the source can save users.
func (c *crawl) askSource(ctx context.Context, s Source, host string) error {
	users, conclusive, err := s.Users(ctx, host)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*fault.NotServedError](err); ok {
		return err
	}
	if err != nil && s.Save != nil {
		return &SourceError{Source: s.Name, Err: err}
	}
	c.census.Answers = append(c.census.Answers, SourceAnswer{Source: s.Name, Host: host, Users: len(users), Err: err, Conclusive: conclusive && err == nil})
	for _, u := range users {
		c.add(u)
	}
	return nil
}

// add adds a user, unless the user is known, and returns the user's number. isUser
// reports whether the JID is a user of the hosts; no other is added.
func (c *crawl) add(user jid.JID) (number uint32, isUser bool) {
	user = address.Prepare(user.Bare()) // else one account would be visited under two names
	if user.Localpart() == "" || !slices.Contains(c.hosts, user.Domainpart()) {
		return 0, false
	}
	name := user.String()
	number, known := c.numbers[name]
	if !known {
		number = uint32(len(c.users))
		c.numbers[name] = number
		c.users = append(c.users, user)
	}
	return number, true
}

// visitAll visits the roster of every user, including those whom it finds on the way.
// It returns when no visit is under way.
func (c *crawl) visitAll(ctx context.Context) (err error) {
	type result struct {
		user  uint32
		visit visit
		err   error
	}
	results := make(chan result)
	for underWay := 0; ; underWay-- {
		for ; err == nil && ctx.Err() == nil && underWay < concurrentVisits && c.next < len(c.users); underWay++ {
			number, user := uint32(c.next), c.users[c.next]
			c.next++
			go func() { // received below
				v, err := c.visit(ctx, user)
				results <- result{number, v, err}
			}()
		}
		if underWay == 0 {
			break
		}
		r := <-results
		if noted := c.note(r.user, r.visit); err == nil {
			err = cmp.Or(r.err, noted)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// note adds a visit to the census, and the contacts of the roster to the users.
func (c *crawl) note(user uint32, v visit) error {
	c.census.Visited++
	if v.readErr != nil {
		if c.census.Unread++; c.census.Unread == 1 {
			c.census.FirstUnread = rosterpush.Failure{JID: c.users[user], Err: v.readErr}
		}
	}
	c.census.Items += len(v.items)
	if len(v.items) > 0 {
		c.census.Rosters++
		c.populated[c.users[user].Domainpart()] = true
	}
	for _, i := range v.items {
		c.add(i.JID)
	}
	c.census.Users = len(c.users)
	return c.onVisit(user, v)
}
