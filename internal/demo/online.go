package main

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// expectation is a stanza that an account's client must receive in the online
// steps.
type expectation struct {
	account, description string
	matches              func(xmppclient.Element) bool
}

// onlineSteps returns the steps that need connected users.
func onlineSteps() []step {
	done := []string{"Done"}
	return []step{
		{"presences and messages; demo and pamela-hall are online", "setPresence", []string{demo}, done},
		{"", "sendPresence", []string{demo, "away"}, done},
		{"", "sendMessageToUser", []string{stream, demo, "Hello World"}, done},
		{"", "setPresence", []string{lois}, []string{lois + " no have any active session"}},
	}
}

// expectations returns the stanzas that the clients must receive.
func expectations() []expectation {
	return []expectation{
		{pamela, "demo@localhost is away", func(e xmppclient.Element) bool {
			return e.Name.Local == "presence" && jid.MustParse(e.Attr("from")).Bare().String() == demo && childText(e, "show") == "away"
		}},
		{demo, `a message from socialstream@` + testserver.Component + `: "Hello World"`, func(e xmppclient.Element) bool {
			return e.Name.Local == "message" && e.Attr("from") == "socialstream@"+testserver.Component && childText(e, "body") == "Hello World"
		}},
	}
}

// childText returns the text of a child element.
func childText(e xmppclient.Element, child string) string {
	c, _ := e.Child("jabber:client", child)
	return c.Text
}

// runOnlineSteps runs the steps while two users are online, and checks the stanzas
// that their clients receive. It counts the wrong answers.
func runOnlineSteps(ctx context.Context, s screen, c *xmppclient.Client, server *testserver.Server) (wrong int, err error) {
	clients := make(map[string]*xmppclient.Client)
	for _, account := range []string{demo, pamela} {
		online, err := login(ctx, server, account)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, online.Close()) }()
		if err := online.Send(ctx, "<presence/>"); err != nil {
			return 0, err
		}
		clients[account] = online
	}
	if wrong, err = runSteps(ctx, s, c, onlineSteps()); err != nil {
		return wrong, err
	}
	s.heading("Their clients receive")
	for _, want := range expectations() {
		waiting, cancel := context.WithTimeout(ctx, exchangeTimeout)
		_, err := clients[want.account].Next(waiting, want.matches)
		cancel()
		if err != nil {
			return wrong, fmt.Errorf("%s has not received: %s: %w", want.account, want.description, err)
		}
		s.printf("  %s\t%s\n", want.account, want.description)
	}
	return wrong, nil
}
