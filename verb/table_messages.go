package verb

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/fault"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/verb/wire"
)

// messageVerbs is the part of the table that sends messages. What they say
// goes to no log.
func messageVerbs() []*Verb {
	msg := Param{Name: "msg", Label: "The message", Kind: Lines, Required: true}
	admin := Param{Name: "admin", Label: "Who sends it: a user of a host here, or a name at the component's domain", Kind: Sender, Required: true}
	return []*Verb{
		{
			Name:    "sendMessageToUser",
			Title:   "Send message",
			Summary: "send a chat message",
			Help:    "As a user of a host here, so that it is archived like one of the user's own; or as a name at the component's domain (SocialStream). Who is offline gets it later. Only a name learns that there is no such recipient, and only on this server.",
			Role:    Write,
			Once:    true,
			Params: []Param{
				{Name: "fromJid", Label: admin.Label, Kind: Sender, Required: true},
				{Name: "toJid", Label: "To whom", Kind: Recipient, Required: true},
				msg,
			},
			run: sendMessageToUser,
		},
		{
			Name:    "broadcast",
			Title:   "Send to several",
			Summary: "send a chat message to several",
			Help:    "One line a recipient: jid, and what came of it, with a tab between. Not more than a hundred are sent a second.",
			Role:    Write,
			Once:    true,
			Long:    true,
			Params:  []Param{admin, {Name: "userJids", Label: "To whom: [a@b,c@d], or one a line", Kind: Recipients, Required: true}, msg},
			run:     func(ctx context.Context, c *call) (Result, error) { return c.broadcast(ctx, c.several("userJids")) },
		},
		{
			Name:    "broadcastToConnectedUsers",
			Title:   "Send to connected",
			Summary: "send a chat message to those who are connected",
			Help:    "As broadcast, and who has no session gets none.",
			Role:    Write,
			Once:    true,
			Long:    true,
			Params:  []Param{admin, {Name: "userJids", Label: "To whom: all, or [a@b,c@d], or one a line", Kind: RecipientsOrAll, Required: true}, msg},
			run:     broadcastToConnectedUsers,
		},
	}
}

func sendMessageToUser(ctx context.Context, c *call) (Result, error) {
	to := c.jid("toJid")
	err := c.Messages.Send(ctx, c.jid("fromJid"), to, c.str("msg"))
	if errors.Is(err, message.ErrNotTaken) {
		return refused("%s: %s", to, notTaken(err)), nil
	}
	return c.unlessRefused(c.sent(), err)
}

// sent is the result of a message that the server took. What it met after that
// only its sender learns.
func (c *call) sent() Result {
	j := c.jid("fromJid")
	if j.Domainpart() == c.Own {
		return Result{}
	}
	return Result{remarks: []string{fmt.Sprintf("the server took it; should the recipient refuse it, only %s is told", j.Bare())}}
}

// notTaken says why a message was given back, in the server's own words where it
// has any.
func notTaken(err error) string {
	if e, ok := errors.AsType[stanza.Error](err); ok {
		for _, text := range e.Text {
			if text != "" {
				return text
			}
		}
	}
	return message.ErrNotTaken.Error()
}

// broadcast sends a message to each of those. What refuses the first one for
// the sender's or the text's sake refuses them all.
func (c *call) broadcast(ctx context.Context, to []jid.JID) (Result, error) {
	r := Result{shape: wire.Table}
	err := c.Messages.Broadcast(ctx, c.jid("admin"), to, c.str("msg"), func(recipient jid.JID, err error) error {
		if len(r.items) == 0 && refusesAll(err) {
			return err
		}
		outcome := reached
		if err != nil {
			outcome = outcomeOf(err, true)
			r.missed++
		}
		r.addOutcome(recipient, outcome)
		c.say(Progress{Text: fmt.Sprintf("%d of %d", len(r.items), len(to)), Done: len(r.items), Total: len(to)})
		return nil
	})
	r.text = sentTo(len(r.items)-r.missed, len(to))
	return c.unlessRefused(r, err)
}

func broadcastToConnectedUsers(ctx context.Context, c *call) (Result, error) {
	named := c.several("userJids")
	if named == nil {
		hosts, err := c.Hosts(ctx)
		if err != nil {
			return Result{}, err
		}
		everybody, err := c.connected(ctx, hosts...)
		if err != nil {
			return Result{}, err
		}
		return c.broadcast(ctx, everybody)
	}
	var (
		connected []jid.JID
		absent    Result
	)
	for _, user := range named {
		_, err := c.Presences.Sessions(ctx, user)
		if err == nil {
			connected = append(connected, user)
			continue
		}
		if ctx.Err() != nil {
			return Result{}, err
		}
		absent.addOutcome(user, outcomeOf(err, false))
	}
	r, err := c.broadcast(ctx, connected)
	if r.shape == wire.Table {
		r.items, r.lines = append(r.items, absent.items...), append(r.lines, absent.lines...)
		r.missed += len(absent.items)
		r.text = sentTo(len(r.items)-r.missed, len(named))
	}
	return r, err
}

func sentTo(reached, all int) string {
	return fmt.Sprintf("sent to %d of %s", reached, wire.Count(all, "recipient"))
}

// reached is the outcome of a message that was taken.
const reached = "Done"

// messageOutcome is what came of one message, in JSON.
type messageOutcome struct {
	JID     string `json:"jid"`
	Outcome string `json:"outcome"`
}

func (r *Result) addOutcome(recipient jid.JID, outcome string) {
	r.add(messageOutcome{recipient.String(), outcome}, oneLine(recipient.String()), escape(outcome))
}

// refusesAll says whether a message was refused for what another recipient
// would not change.
func refusesAll(err error) bool {
	_, sender := errors.AsType[*message.SenderError](err)
	_, permission := errors.AsType[*fault.NotPermittedError](err)
	return sender || permission || errors.Is(err, message.ErrIllegalText)
}

// unlessRefused is a result, or the refusal of a sender or a text.
func (c *call) unlessRefused(r Result, err error) (Result, error) {
	if e, ok := errors.AsType[*message.SenderError](err); ok {
		return refused("%v", e), nil
	}
	if errors.Is(err, message.ErrIllegalText) || errors.Is(err, presence.ErrIllegalText) {
		return refused("%v", message.ErrIllegalText), nil
	}
	return r, err
}

// outcomeOf says in a few words what became of a message that was not sent.
// tried says that it may have been all the same.
func outcomeOf(err error, tried bool) string {
	if errors.Is(err, message.ErrNotTaken) {
		return notTaken(err)
	}
	if errors.Is(err, presence.ErrNoSession) {
		return presence.ErrNoSession.Error()
	}
	if e, ok := errors.AsType[*fault.NotServedError](err); ok {
		return e.Error()
	}
	if !tried {
		return "no message was sent: " + explain(err, false)
	}
	return explain(err, true)
}
