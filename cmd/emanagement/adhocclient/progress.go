package adhocclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/verb"
	"emanagement/verb/wire"
	"emanagement/xmpp/command"
)

// news is how often OnProgress hears how far a long verb is.
const news = time.Second

// listJobs shows the verbs that are under way.
const listJobs = "listJobs"

// askToRun is ask for a verb. Whoever waits for a long one hears how far it is: a
// command of XEP-0050 says nothing until it is completed, so the component is
// asked what it is busy with. Of what an account has under way, the verb is the
// first that was not there before.
func (c *Client) askToRun(ctx context.Context, component jid.JID, v *verb.Verb, payload any) (inbound, error) {
	if !v.Long || c.OnProgress == nil {
		return c.ask(ctx, stanza.SetIQ, component, payload)
	}
	list := fillIn(&verb.Verb{Name: listJobs}, nil, false)
	before, err := c.ask(ctx, stanza.SetIQ, component, list)
	if err != nil {
		return inbound{}, fmt.Errorf("%w: %v", errNotSent, err)
	}
	last := lastJob(before.Command)
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
			if question, err = c.send(ctx, stanza.SetIQ, component, list); err != nil {
				return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, err)
			}
		case errors.Is(err, errTick):
		case err != nil || in.answers(id, component):
			return in, err
		case in.answers(question, component):
			question = ""
			if p, ok := progressIn(in.Command, v, c.stream.JID().Bare(), last); ok {
				c.OnProgress(p)
			}
		}
	}
}

// job is one of listJobs.
type job struct {
	Job                   int
	Verb, Asker, Progress string
	Done, Total           int
}

// jobs are those in an answer to listJobs, in the order in which they were
// begun; none where it is no such answer.
func jobsIn(c *command.Command) []job {
	var list struct{ Items []job }
	if c == nil || json.Unmarshal(jsonIn(c, resultField), &list) != nil {
		return nil
	}
	return list.Items
}

// lastJob is the number of the one that was begun last.
func lastJob(c *command.Command) (last int) {
	for _, j := range jobsIn(c) {
		last = max(last, j.Job)
	}
	return last
}

// progressOf is how far somebody's verb is: the first that was begun after some
// job.
func progressIn(c *command.Command, v *verb.Verb, asker jid.JID, after int) (wire.Progress, bool) {
	for _, j := range jobsIn(c) {
		if j.Job > after && j.Verb == v.Name && j.Asker == asker.String() {
			return wire.Progress{Text: j.Progress, Done: j.Done, Total: j.Total}, true
		}
	}
	return wire.Progress{}, false
}
