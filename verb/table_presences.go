package verb

import (
	"context"
	"errors"

	"mellium.im/xmpp/jid"

	"emanagement/presence"
)

// presenceVerbs are the verbs about presences and sessions.
func presenceVerbs() []*Verb {
	session := Param{Name: "userJid", Label: "User, or one session (user@host/resource)", Kind: Session, Required: true}
	sender := Param{Name: "userJid", Label: "User, one session (user@host/resource), or an address at the component's domain", Kind: Sender, Required: true}
	status := Param{Name: "status", Label: "Status text for the contacts", Kind: Text, Extra: true, Example: "Out for lunch"}
	priority := Param{Name: "priority", Label: "Priority, -128 to 127; unchanged if left out", Kind: Priority, Extra: true}
	const sessions = "It changes every session of the user, or only the named one. "
	return []*Verb{
		{
			Name:    "setPresence",
			Title:   "Make available",
			Summary: "make a user available",
			Help:    sessions + "The server informs the contacts. A user without a session cannot be made available. An address at the component's domain, such as SocialStream, becomes available to all users who have it in their rosters.",
			Role:    Write,
			Params:  []Param{sender, status, priority},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.setPresence(ctx, presence.Presence{}) },
		},
		{
			Name:    "unsetPresence",
			Title:   "Make unavailable",
			Summary: "make a user unavailable",
			Help:    sessions + "The sessions themselves continue.",
			Role:    Write,
			Params:  []Param{sender, status},
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.setPresence(ctx, presence.Presence{Unavailable: true})
			},
		},
		{
			Name:    "sendPresence",
			Title:   "Set presence",
			Summary: "set what a user's presence shows",
			Help:    sessions + "The server informs the contacts.",
			Role:    Write,
			Params:  []Param{sender, {Name: "show", Label: "What the presence shows", Kind: Show}, status, priority},
			run:     sendPresence,
		},
		{
			Name:    "getUserResource",
			Title:   "Show sessions",
			Summary: "show the resources of a user's sessions",
			Help:    "One resource per line.",
			Role:    Read,
			Params:  []Param{{Name: "userJid", Label: "User", Kind: User, Required: true}},
			run:     getUserResource,
		},
		{
			Name:    "getConnectedJids",
			Title:   "Connected users",
			Summary: "show the connected users",
			Help:    "One bare JID per line.",
			Role:    Read,
			run:     getConnectedJids,
		},
		{
			Name:    "getConnectedJidsByDomain",
			Title:   "Connected on a host",
			Summary: "show the connected users of a host",
			Help:    "One bare JID per line.",
			Role:    Read,
			Params:  []Param{domainParam},
			run:     getConnectedJids,
		},
		{
			Name:    "kickUserJid",
			Title:   "End sessions",
			Summary: "end a user's sessions",
			Help:    "It ends every session of the user, or only the named one. Clients may connect again at once.",
			Role:    Write,
			Once:    true,
			Params:  []Param{session},
			run:     kickUserJid,
		},
		{
			Name:     "isEjabberdNodeStarted",
			Title:    "Is the server running?",
			Summary:  "is the server running?",
			Help:     "The answer is true if the server says so. It is false if the server does not answer.",
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

// setPresence sets the presence of the sessions, or of the address at the component's
// domain, that the call names. The priority does not change if the call gives none.
func (c *call) setPresence(ctx context.Context, p presence.Presence) (Result, error) {
	p.Status = c.str("status")
	change := func(old presence.Presence) presence.Presence {
		changed := p
		changed.Priority = old.Priority
		if n, given := c.number("priority"); given {
			changed.Priority = n
		}
		return changed
	}
	user := c.jid("userJid")
	if user.Domainpart() != c.OwnDomain {
		return c.unlessNoSession(Result{}, c.Presences.Set(ctx, user, change))
	}
	hosts, err := c.Hosts(ctx)
	if err != nil {
		return Result{}, err
	}
	return Result{}, c.Presences.Announce(ctx, user, change, hosts...)
}

func getUserResource(ctx context.Context, c *call) (Result, error) {
	sessions, err := c.Presences.Sessions(ctx, c.jid("userJid"))
	var resources []string
	for _, s := range sessions {
		resources = append(resources, s.JID.Resourcepart())
	}
	return c.unlessNoSession(lines("session", resources), err)
}

func kickUserJid(ctx context.Context, c *call) (Result, error) {
	return c.unlessNoSession(Result{}, c.Presences.Kick(ctx, c.jid("userJid"), "Ended by an administrator"))
}

// unlessNoSession returns the result and the error, or a refusal if the user has no
// session.
func (c *call) unlessNoSession(r Result, err error) (Result, error) {
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

// connected lists the bare JIDs of the connected users of the hosts, without duplicates.
func (c *call) connected(ctx context.Context, hosts ...string) ([]jid.JID, error) {
	sessions, err := c.Presences.Connected(ctx, hosts...)
	var users []jid.JID
	for _, s := range sessions { // sorted
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
