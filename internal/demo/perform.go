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

// perform runs all steps and then compares the stored rosters. The error counts the
// differences.
func perform(ctx context.Context, s screen, server *testserver.Server) error {
	answers := len(steps()) + len(onlineSteps())
	wrongAnswers, err := runCommands(ctx, s, server)
	if err != nil {
		return err
	}
	wrongRosters, err := compareRosters(ctx, s, server)
	if err != nil {
		return err
	}
	if wrongAnswers+wrongRosters > 0 {
		return fmt.Errorf("not as expected: %d of %d answers, %d of %d stored rosters",
			wrongAnswers, answers, wrongRosters, len(expectedRosters()))
	}
	s.success("demo: %d commands; all answers and all %d stored rosters are as expected", answers, len(expectedRosters()))
	return nil
}

// runCommands runs all steps as an administrator's client does, and counts the
// wrong answers.
func runCommands(ctx context.Context, s screen, server *testserver.Server) (wrong int, err error) {
	c, err := login(ctx, server, admin)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	service := jid.MustParse(testserver.Component)
	if err := showCommands(ctx, s, c, service); err != nil {
		return 0, err
	}
	s.explainNotation()
	if wrong, err = runSteps(ctx, s, c, steps()); err != nil {
		return wrong, err
	}
	more, err := runOnlineSteps(ctx, s, c, server)
	return wrong + more, err
}

// runSteps runs steps and counts the wrong answers.
func runSteps(ctx context.Context, s screen, c *xmppclient.Client, steps []step) (wrong int, err error) {
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
