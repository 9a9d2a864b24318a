package main

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// sight is what a person's client must see of the steps, as the demo says it.
type sight struct {
	person, what string
	is           func(xmppclient.Element) bool
}

// stanzaSteps are those that somebody must be online for.
func stanzaSteps() []step {
	done := []string{"Done"}
	return []step{
		{"presences and messages, while demo and pamela-hall are online", "setPresence", []string{demo}, done},
		{"", "sendPresence", []string{demo, "away"}, done},
		{"", "sendMessageToUser", []string{stream, demo, "Hello World"}, done},
		{"", "setPresence", []string{lois}, []string{lois + " no have any active session"}},
	}
}

func sights() []sight {
	return []sight{
		{pamela, "demo@localhost is away", func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && jid.MustParse(e.Attr("from")).Bare().String() == demo && text(e, "show") == "away"
		}},
		{demo, `a message from socialstream@` + testserver.Component + `: "Hello World"`, func(e xmppclient.Element) bool {
			return e.Name.Local == "message" && e.Attr("from") == "socialstream@"+testserver.Component && text(e, "body") == "Hello World"
		}},
	}
}

func text(e xmppclient.Element, child string) string {
	c, _ := e.Child("jabber:client", child)
	return c.Text
}

// stanzas runs the steps while two people are online, and looks at what their
// clients see. It counts what differs.
func stanzas(ctx context.Context, s screen, c *xmppclient.Client, server *testserver.Server) (wrong int, err error) {
	clients := make(map[string]*xmppclient.Client)
	for _, person := range []string{demo, pamela} {
		online, err := login(ctx, server, person)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, online.Close()) }()
		if err := online.Send(ctx, "<presence/>"); err != nil {
			return 0, err
		}
		clients[person] = online
	}
	if wrong, err = take(ctx, s, c, stanzaSteps()); err != nil {
		return wrong, err
	}
	s.heading("What their clients see")
	for _, w := range sights() {
		seeing, cancel := context.WithTimeout(ctx, patience)
		_, err := clients[w.person].Next(seeing, w.is)
		cancel()
		if err != nil {
			return wrong, fmt.Errorf("%s does not see: %s: %w", w.person, w.what, err)
		}
		s.printf("  %s\t%s\n", w.person, w.what)
	}
	return wrong, nil
}
