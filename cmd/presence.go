package cmd

import (
	"context"
	"errors"

	"emanagement/presence"
)

// presenceVerbs is the part of the table about presences and sessions.
func presenceVerbs() []*Verb {
	session := Param{"userJid", "User, or one session of it (user@host/resource)", Session, true}
	status := Param{"status", "A text for the contacts", Text, false}
	priority := Param{"priority", "Priority, -128 to 127; as it is where left out", Priority, false}
	return []*Verb{
		{
			Name:    "setPresence",
			Summary: "make a user available",
			Help:    "Every session of the user, or the one that is named; the server tells the contacts. Without a session there is nobody to make available.",
			Role:    Write,
			Params:  []Param{session, status, priority},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.setPresence(ctx, presence.Presence{}) },
		},
		{
			Name:    "unsetPresence",
			Summary: "make a user unavailable",
			Help:    "Every session of the user, or the one that is named. The session itself stays.",
			Role:    Write,
			Params:  []Param{session, status},
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.setPresence(ctx, presence.Presence{Unavailable: true})
			},
		},
		{
			Name:    "sendPresence",
			Summary: "let a user's presence show something",
			Help:    "Every session of the user, or the one that is named; the server tells the contacts.",
			Role:    Write,
			Params:  []Param{session, {"show", "What to show", Show, false}, status, priority},
			run:     sendPresence,
		},
		{
			Name:    "getUserResource",
			Summary: "show by which resources a user is connected",
			Help:    "One line a session.",
			Role:    Read,
			Params:  []Param{{"userJid", "User", User, true}},
			run:     getUserResource,
		},
		{
			Name:    "getConnectedJids",
			Summary: "show who is connected",
			Help:    "One bare JID a line.",
			Role:    Read,
			run:     getConnectedJids,
		},
		{
			Name:    "getConnectedJidsByDomain",
			Summary: "show who is connected on a host",
			Help:    "One bare JID a line.",
			Role:    Read,
			Params:  []Param{{"domain", "Host, or all", Domain, true}},
			run:     getConnectedJids,
		},
		{
			Name:    "kickUserJid",
			Summary: "end a user's sessions",
			Help:    "All of them, or the one that is named. Clients may come back at once.",
			Role:    Write,
			Once:    true,
			Params:  []Param{session},
			run:     kickUserJid,
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

// setPresence sets the sessions that a call names, keeping their priority
// where it names none.
func (c *call) setPresence(ctx context.Context, p presence.Presence) (Result, error) {
	p.Status = c.str("status")
	err := c.Presences.Set(ctx, c.jid("userJid"), func(old presence.Presence) presence.Presence {
		p.Priority = old.Priority
		if n, given := c.num("priority"); given {
			p.Priority = n
		}
		return p
	})
	return c.unlessAbsent(Result{}, err)
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
	sessions, err := c.Presences.Connected(ctx, c.domains()...)
	var jids []string
	for _, s := range sessions {
		if j := s.Bare().String(); len(jids) == 0 || jids[len(jids)-1] != j {
			jids = append(jids, j)
		}
	}
	return lines("user", jids), err
}
