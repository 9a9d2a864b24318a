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

// pollInterval is the time between two requests for the progress of a long verb.
const pollInterval = time.Second

// listJobs is the verb that lists the running verbs.
const listJobs = "listJobs"

// requestRun sends the request to run a verb and waits for the reply, with the errors of
// ask. If the verb is long and OnProgress is not nil, it also polls the progress with
// listJobs, because an ad-hoc command sends nothing until it is completed. The verb's job
// is the account's first one that began after this call.
func (c *Client) requestRun(ctx context.Context, component jid.JID, v *verb.Verb, payload any) (inbound, error) {
	if !v.Long || c.OnProgress == nil {
		return c.ask(ctx, stanza.SetIQ, component, payload)
	}
	poll := fillIn(&verb.Verb{Name: listJobs}, nil, false)
	before, err := c.ask(ctx, stanza.SetIQ, component, poll)
	if err != nil {
		return inbound{}, fmt.Errorf("%w: %v", errNotSent, err)
	}
	last := lastJob(before.Command)
	id, err := c.send(ctx, stanza.SetIQ, component, payload)
	if err != nil {
		return inbound{}, err
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	pendingPoll := "" // its id
	for {
		in, err := c.receive(ctx, ticker.C)
		switch {
		case errors.Is(err, errTick) && pendingPoll == "":
			if pendingPoll, err = c.send(ctx, stanza.SetIQ, component, poll); err != nil {
				return inbound{}, fmt.Errorf("%w: %w", errNoAnswer, err)
			}
		case errors.Is(err, errTick):
		case err != nil || in.answers(id, component):
			return in, err
		case in.answers(pendingPoll, component):
			pendingPoll = ""
			if p, ok := progressIn(in.Command, v, c.stream.JID().Bare(), last); ok {
				c.OnProgress(p)
			}
		}
	}
}

// job is an item of listJobs.
type job struct {
	Number    int    `json:"job"`
	Verb      string `json:"verb"`
	Requester string `json:"asker"`
	Progress  string `json:"progress"`
	Done      int    `json:"done"`
	Total     int    `json:"total"`
}

// jobsIn returns the jobs in an answer to listJobs, in the order in which they began. It
// returns none if c is no such answer.
func jobsIn(c *command.Command) []job {
	var list struct{ Items []job }
	if c == nil || json.Unmarshal(jsonIn(c, resultField), &list) != nil {
		return nil
	}
	return list.Items
}

// lastJob returns the number of the job that began last.
func lastJob(c *command.Command) (last int) {
	for _, j := range jobsIn(c) {
		last = max(last, j.Number)
	}
	return last
}

// progressIn returns the progress of the requester's first job for the verb v with a number
// above after, and whether there is one.
func progressIn(c *command.Command, v *verb.Verb, requester jid.JID, after int) (wire.Progress, bool) {
	for _, j := range jobsIn(c) {
		if j.Number > after && j.Verb == v.Name && j.Requester == requester.String() {
			return wire.Progress{Text: j.Progress, Done: j.Done, Total: j.Total}, true
		}
	}
	return wire.Progress{}, false
}
