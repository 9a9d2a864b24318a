package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mellium.im/xmpp/jid"

	"emanagement/internal/testserver"
	"emanagement/internal/xmppclient"
)

// perform goes through all steps and then looks at what the server stores.
// The error says how much was not as written down.
func perform(ctx context.Context, s screen, server *testserver.Server) error {
	all := len(steps()) + len(stanzaSteps())
	wrongAnswers, err := commands(ctx, s, server)
	if err != nil {
		return err
	}
	wrongRosters, err := prove(ctx, s, server)
	if err != nil {
		return err
	}
	if wrongAnswers+wrongRosters > 0 {
		return fmt.Errorf("of %d answers %d differ, of %d stored rosters %d",
			all, wrongAnswers, len(rosters()), wrongRosters)
	}
	s.good("demo: %d commands, all answers and %d stored rosters as expected", all, len(rosters()))
	return nil
}

// commands runs the steps as an administrator's client does, and counts the
// answers that differ.
func commands(ctx context.Context, s screen, server *testserver.Server) (wrong int, err error) {
	c, err := login(ctx, server, admin)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	service := jid.MustParse(testserver.Component)
	if err := list(ctx, s, c, service); err != nil {
		return 0, err
	}
	s.explain()
	if wrong, err = take(ctx, s, c, steps()); err != nil {
		return wrong, err
	}
	more, err := stanzas(ctx, s, c, server)
	return wrong + more, err
}

// take takes steps and counts the answers that differ.
func take(ctx context.Context, s screen, c *xmppclient.Client, steps []step) (wrong int, err error) {
	service := jid.MustParse(testserver.Component)
	for _, st := range steps {
		s.command(st)
		got, err := execute(ctx, c, service, st)
		if err != nil {
			return wrong, err
		}
		s.lines(got)
		if !slices.Equal(got, st.want) {
			s.differs(st.want)
			wrong++
		}
	}
	return wrong, nil
}
