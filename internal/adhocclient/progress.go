package adhocclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/cmd"
	"emanagement/cmd/control/wire"
)

// news is how often OnProgress hears how far a long verb is.
const news = time.Second

// listJobs shows the verbs that are under way.
const listJobs = "listJobs"

// askToRun is ask for a verb. Whoever waits for a long one hears how far it is: a
// command of XEP-0050 says nothing until it is completed, so the component is
// asked what it is busy with.
func (c *Client) askToRun(ctx context.Context, component jid.JID, v *cmd.Verb, payload any) (inbound, error) {
	if !v.Long || c.OnProgress == nil {
		return c.ask(ctx, stanza.SetIQ, component, payload)
	}
	id, err := c.send(ctx, stanza.SetIQ, component, payload)
	if err != nil {
		return inbound{}, err
	}
	tick := time.NewTicker(news)
	defer tick.Stop()
	question := "" // the id of one that was not answered yet
	for {
		in, err := c.receive(ctx, tick.C)
		switch {
		case errors.Is(err, errTick) && question == "":
			if question, err = c.send(ctx, stanza.SetIQ, component, fillIn(&cmd.Verb{Name: listJobs}, nil, false)); err != nil {
				return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, err)
			}
		case errors.Is(err, errTick):
		case err != nil || in.answers(id, component):
			return in, err
		case in.answers(question, component):
			question = ""
			if p, ok := in.Command.progressOf(v, c.session.LocalAddr().Bare()); ok {
				c.OnProgress(p)
			}
		}
	}
}

// progressOf finds somebody's verb in a list of those that are under way: the
// one that was begun last.
func (r *response) progressOf(v *cmd.Verb, asker jid.JID) (wire.Progress, bool) {
	var list struct {
		Items []struct {
			Verb, Asker, Progress string
			Done, Total           int
		}
	}
	if r == nil || json.Unmarshal([]byte(strings.Join(r.values("json"), "")), &list) != nil {
		return wire.Progress{}, false
	}
	for _, i := range slices.Backward(list.Items) {
		if i.Verb == v.Name && i.Asker == asker.String() {
			return wire.Progress{Text: i.Progress, Done: i.Done, Total: i.Total}, true
		}
	}
	return wire.Progress{}, false
}
