package verb

import (
	"context"
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/fault"
	"emanagement/message"
	"emanagement/presence"
	"emanagement/verb/wire"
)

// messageVerbs are the verbs that send messages. No log has the text of a message.
func messageVerbs() []*Verb {
	msg := Param{Name: "msg", Label: "The message", Kind: Lines, Required: true}
	admin := Param{Name: "admin", Label: "Sender: a user of a host here, or an address at the component's domain", Kind: Sender, Required: true}
	from := admin
	from.Name = "fromJid"
	return []*Verb{
		{
			Name:    "sendMessageToUser",
			Title:   "Send message",
			Summary: "send a chat message",
			Help:    "The sender can be a user of a host here; the message is then archived like the user's own. The sender can also be an address at the component's domain, such as SocialStream. An offline recipient gets the message later. The answer says that there is no such recipient only if the sender is such an address and the recipient is on this server.",
			Role:    Write,
			Once:    true,
			Params:  []Param{from, {Name: "toJid", Label: "Recipient", Kind: Recipient, Required: true}, msg},
			run:     sendMessageToUser,
		},
		{
			Name:    "broadcast",
			Title:   "Send to several",
			Summary: "send a chat message to several recipients",
			Help:    "One line per recipient: the JID and the outcome, separated by a tab. At most a hundred messages are sent per second.",
			Role:    Write,
			Once:    true,
			Long:    true,
			Params:  []Param{admin, {Name: "userJids", Label: "Recipients: [a@b,c@d], or one per line", Kind: Recipients, Required: true}, msg},
			run: func(ctx context.Context, c *call) (Result, error) {
				return c.broadcast(ctx, c.jidList("userJids"))
			},
		},
		{
			Name:    "broadcastToConnectedUsers",
			Title:   "Send to connected",
			Summary: "send a chat message to connected users",
			Help:    "It works like broadcast. A recipient without a session gets no message.",
			Role:    Write,
			Once:    true,
			Long:    true,
			Params:  []Param{admin, {Name: "userJids", Label: "Recipients: all, or [a@b,c@d], or one per line", Kind: RecipientsOrAll, Required: true}, msg},
			run:     broadcastToConnectedUsers,
		},
	}
}

func sendMessageToUser(ctx context.Context, c *call) (Result, error) {
	to := c.jid("toJid")
	err := c.Messages.Send(ctx, c.jid("fromJid"), to, c.str("msg"))
	if errors.Is(err, message.ErrNotTaken) {
		return refused("%s: %s", to, rejection(err)), nil
	}
	return c.sent(), err
}

// sent returns the result of a message that the server has taken. If the sender is a user,
// later errors go to that user only.
func (c *call) sent() Result {
	j := c.jid("fromJid")
	if j.Domainpart() == c.OwnDomain {
		return Result{}
	}
	return Result{remarks: []string{fmt.Sprintf("the server took it; if the recipient refuses it, only %s is told", j.Bare())}}
}

// rejection returns why the server returned a message, in its own words if it gave any.
func rejection(err error) string {
	if e, ok := errors.AsType[*message.NotTakenError](err); ok && e.Text != "" {
		return e.Text
	}
	return message.ErrNotTaken.Error()
}

// broadcast sends a message to each recipient. An error of the first message that every
// other message would meet ends it.
func (c *call) broadcast(ctx context.Context, to []jid.JID) (Result, error) {
	r := Result{shape: wire.Table}
	err := c.Messages.Broadcast(ctx, c.jid("admin"), to, c.str("msg"), func(recipient jid.JID, err error) error {
		if len(r.items) == 0 && concernsAllRecipients(err) {
			return err
		}
		if err == nil {
			r.addReached(recipient)
		} else {
			r.addUnreached(recipient, sendFailure(err))
		}
		c.progress(Progress{Text: fmt.Sprintf("%d of %d", len(r.items), len(to)), Done: len(r.items), Total: len(to)})
		return nil
	})
	r.setSentTo(len(to))
	return r, err
}

func broadcastToConnectedUsers(ctx context.Context, c *call) (Result, error) {
	recipients := c.jidList("userJids")
	if recipients == nil {
		hosts, err := c.Hosts(ctx)
		if err != nil {
			return Result{}, err
		}
		all, err := c.connected(ctx, hosts...)
		if err != nil {
			return Result{}, err
		}
		return c.broadcast(ctx, all)
	}
	var (
		connected []jid.JID
		others    Result
	)
	for _, user := range recipients {
		_, err := c.Presences.Sessions(ctx, user)
		if err == nil {
			connected = append(connected, user)
			continue
		}
		if ctx.Err() != nil {
			return Result{}, err
		}
		others.addUnreached(user, whyUnsent(err))
	}
	r, err := c.broadcast(ctx, connected)
	r.items, r.lines, r.unreached = append(r.items, others.items...), append(r.lines, others.lines...), r.unreached+others.unreached
	r.setSentTo(len(recipients))
	return r, err
}

// messageOutcome is the outcome of one message of a broadcast, as JSON.
type messageOutcome struct {
	JID     string `json:"jid"`
	Outcome string `json:"outcome"`
	reached bool
}

// failed implements failedItem.
func (o messageOutcome) failed() bool { return !o.reached }

// addReached adds a recipient whose message the server has taken to a table of outcomes.
func (r *Result) addReached(recipient jid.JID) {
	o := messageOutcome{recipient.String(), "Done", true}
	r.add(o, escapeControls(o.JID), o.Outcome)
}

// addUnreached adds any other recipient to a table of outcomes.
func (r *Result) addUnreached(recipient jid.JID, why string) {
	o := messageOutcome{recipient.String(), why, false}
	r.add(o, escapeControls(o.JID), escape(why))
	r.unreached++
}

// setSentTo sets the outcome of a broadcast to that many recipients.
func (r *Result) setSentTo(recipients int) {
	r.text = fmt.Sprintf("sent to %d of %s", len(r.items)-r.unreached, wire.Count(recipients, "recipient"))
}

// concernsAllRecipients reports whether a message failed for a reason that does not depend
// on its recipient.
func concernsAllRecipients(err error) bool {
	_, notPermitted := errors.AsType[*fault.NotPermittedError](err)
	return notPermitted || fault.Is(err, fault.Declined)
}

// sendFailure returns in a few words why a message of a broadcast failed. The message may
// have been sent all the same.
func sendFailure(err error) string {
	if errors.Is(err, message.ErrNotTaken) {
		return rejection(err)
	}
	return reason(err, true)
}

// whyUnsent returns in a few words why no message was sent to a recipient: the recipient has
// no session, or that could not be found out.
func whyUnsent(err error) string {
	if errors.Is(err, presence.ErrNoSession) {
		return presence.ErrNoSession.Error()
	}
	if e, ok := errors.AsType[*fault.NotServedError](err); ok {
		return e.Error()
	}
	return "no message was sent: " + reason(err, false)
}
