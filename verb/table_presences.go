package verb

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// presenceVerbs is the part of the table about presences and sessions.
func presenceVerbs() []*Verb {
	session := Param{Name: "userJid", Label: "User, or one session of it (user@host/resource)", Kind: Session, Required: true}
	whose := Param{Name: "userJid", Label: "User, one session of it (user@host/resource), or a name at the component's domain", Kind: Sender, Required: true}
	status := Param{Name: "status", Label: "A text for the contacts", Kind: Text, Extra: true, Example: "Out for lunch"}
	priority := Param{Name: "priority", Label: "Priority, -128 to 127; as it is where left out", Kind: Priority, Extra: true}
	return []*Verb{
		{
			Name:    "setPresence",
			Title:   "Make available",
			Summary: "make a user available",
			Help:    "Every session of the user, or the one that is named; the server tells the contacts. Without a session there is nobody to make available. A name at the component's domain (SocialStream) is available to whoever has it in the roster.",
			Role:    Write,
			Params:  []Param{whose, status, priority},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.setPresence(ctx, presence.Presence{}) },
		},
		{
			Name:    "unsetPresence",
			Title:   "Make unavailable",
			Summary: "make a user unavailable",
			Help:    "Every session of the user, or the one that is named. The session itself stays.",
			Role:    Write,
			Params:  []Param{whose, status},
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.setPresence(ctx, presence.Presence{Unavailable: true})
			},
		},
		{
			Name:    "sendPresence",
			Title:   "Set presence",
			Summary: "let a user's presence show something",
			Help:    "Every session of the user, or the one that is named; the server tells the contacts.",
			Role:    Write,
			Params:  []Param{whose, {Name: "show", Label: "What to show", Kind: Show}, status, priority},
			run:     sendPresence,
		},
		{
			Name:    "getUserResource",
			Title:   "Show sessions",
			Summary: "show by which resources a user is connected",
			Help:    "One line a session.",
			Role:    Read,
			Params:  []Param{{Name: "userJid", Label: "User", Kind: User, Required: true}},
			run:     getUserResource,
		},
		{
			Name:    "getConnectedJids",
			Title:   "Who is connected",
			Summary: "show who is connected",
			Help:    "One bare JID a line.",
			Role:    Read,
			run:     getConnectedJids,
		},
		{
			Name:    "getConnectedJidsByDomain",
			Title:   "Connected on a host",
			Summary: "show who is connected on a host",
			Help:    "One bare JID a line.",
			Role:    Read,
			Params:  []Param{{Name: "domain", Label: "Host, or all", Kind: Domain, Required: true}},
			run:     getConnectedJids,
		},
		{
			Name:    "kickUserJid",
			Title:   "End sessions",
			Summary: "end a user's sessions",
			Help:    "All of them, or the one that is named. Clients may come back at once.",
			Role:    Write,
			Once:    true,
			Params:  []Param{session},
			run:     kickUserJid,
		},
		{
			Name:     "isEjabberdNodeStarted",
			Title:    "Does it run?",
			Summary:  "does the server run?",
			Help:     "true if it says so; false also where it does not answer.",
			Role:     Read,
			Hostless: true,
			run:      isEjabberdNodeStarted,
		},
	}
}

func sendPresence(ctx context.Context, c *call) (Result, error) {
	show := c.str("show")
	if show == "available" {
		show = ""
	}
	return c.setPresence(ctx, presence.Presence{Show: show})
}

// setPresence sets the sessions, or the name, that a call names, keeping the
// priority where it names none.
func (c *call) setPresence(ctx context.Context, p presence.Presence) (Result, error) {
	p.Status = c.str("status")
	change := func(old presence.Presence) presence.Presence {
		now := p
		now.Priority = old.Priority
		if n, given := c.num("priority"); given {
			now.Priority = n
		}
		return now
	}
	if user := c.jid("userJid"); user.Domainpart() == c.Own {
		hosts, err := c.Hosts(ctx)
		if err != nil {
			return Result{}, err
		}
		return c.unlessRefused(Result{}, c.Presences.Announce(ctx, user, change, hosts...))
	}
	r, err := c.unlessAbsent(Result{}, c.Presences.Set(ctx, c.jid("userJid"), change))
	return c.unlessRefused(r, err)
}

func getUserResource(ctx context.Context, c *call) (Result, error) {
	sessions, err := c.Presences.Sessions(ctx, c.jid("userJid"))
	var resources []string
	for _, s := range sessions {
		resources = append(resources, s.JID.Resourcepart())
	}
	return c.unlessAbsent(lines("session", resources), err)
}

func kickUserJid(ctx context.Context, c *call) (Result, error) {
	return c.unlessAbsent(Result{}, c.Presences.Kick(ctx, c.jid("userJid"), "Ended by an administrator"))
}

// unlessAbsent is a result, or the refusal of who has no session.
func (c *call) unlessAbsent(r Result, err error) (Result, error) {
	if errors.Is(err, presence.ErrNoSession) {
		return refused("%s no have any active session", c.jid("userJid")), nil
	}
	return r, err
}

func getConnectedJids(ctx context.Context, c *call) (Result, error) {
	hosts, err := c.domains(ctx)
	if err != nil {
		return Result{}, err
	}
	users, err := c.connected(ctx, hosts...)
	var jids []string
	for _, u := range users {
		jids = append(jids, u.String())
	}
	return lines("user", jids), err
}

// connected lists the bare JIDs of those who are connected on the hosts.
func (c *call) connected(ctx context.Context, hosts ...string) ([]jid.JID, error) {
	sessions, err := c.Presences.Connected(ctx, hosts...)
	var users []jid.JID
	for _, s := range sessions {
		if n := len(users); n == 0 || !users[n-1].Equal(s.Bare()) {
			users = append(users, s.Bare())
		}
	}
	return users, err
}

func isEjabberdNodeStarted(ctx context.Context, c *call) (Result, error) {
	started, err := c.Presences.Started(ctx)
	return yesNo(started), err
}
