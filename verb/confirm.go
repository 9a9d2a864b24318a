package verb

import (
	"context"
	"fmt"
	"slices"

	"emanagement/verb/wire"
)

// checkConfirmation reports whether a verb may run: it destroys little, or the requester
// has confirmed it. If it may not, the result or the error is the answer. The error of an
// unconfirmed verb is a *wire.Error of the kind Confirm, which says what the verb would
// destroy.
func (n *Namespace) checkConfirmation(ctx context.Context, v *Verb, c *call, q Request) (r Result, confirmed bool, err error) {
	given, word := c.str("confirm"), c.target()
	if v.preview == nil || q.Confirmed || given == word || n.needsNoConfirmation(q.Requester, v, c.hosts) {
		return Result{}, true, nil
	}
	if given != "" {
		return Result{}, false, BadArgument("confirm", fmt.Sprintf("%q is not %q", given, word))
	}
	loss, err := v.preview(ctx, c)
	if err != nil {
		r, err = v.outcome(c, Result{}, err)
		return r, false, err
	}
	if loss == "" {
		return Result{}, true, nil
	}
	return Result{}, false, &wire.Error{Kind: wire.Confirm, Text: loss, Word: word}
}

// needsNoConfirmation reports whether one grant of a requester permits the verb on all
// these hosts without confirmation.
func (n *Namespace) needsNoConfirmation(r Requester, v *Verb, hosts []string) bool {
	return slices.ContainsFunc(n.grantsFor(r, v), func(g Grant) bool {
		return slices.Contains(g.Unconfirmed, v.Name) && len(g.uncovered(hosts)) == 0
	})
}
