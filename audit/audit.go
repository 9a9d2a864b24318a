// Package audit records every write to a server: the requester, the front and the verb,
// the state before and after, and the outcome.
package audit

import (
	"context"
	"fmt"
	"log/slog"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

type logKey struct{}

// With returns a context under which the servers of this package record every write with
// log. The attributes of log name the requester. A write under any other context is not
// recorded.
func With(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}

// rosterServer records changes of roster items.
type rosterServer struct{ rosterpush.Server }

// Rosters returns the server with every write recorded, one line an item, that is made
// under a context made by With.
func Rosters(s rosterpush.Server) rosterpush.Server { return rosterServer{s} }

// Put implements rosterpush.Server.
func (r rosterServer) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	err := r.Server.Put(ctx, user, item, was)
	recordItem(ctx, user, item.JID, was, &item, err)
	return err
}

// Remove implements rosterpush.Server.
func (r rosterServer) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	err := r.Server.Remove(ctx, user, was)
	recordItem(ctx, user, was.JID, &was, nil, err)
	return err
}

// itemMessage is the message of a line about an item.
const itemMessage = "item"

func recordItem(ctx context.Context, user, contact jid.JID, before, after *rosterpush.Item, err error) {
	writeRecord(ctx, itemMessage, err, "user", user, "contact", contact, "before", newItemState(before), "after", newItemState(after))
}

// logOf returns the log of a context made by With, or nil.
func logOf(ctx context.Context) *slog.Logger {
	log, _ := ctx.Value(logKey{}).(*slog.Logger)
	return log
}

// writeRecord writes one line, if the context has a log. err is nil for a write that was
// done.
func writeRecord(ctx context.Context, kind string, err error, attributes ...any) {
	log := logOf(ctx)
	if log == nil {
		return
	}
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	log.Info(kind, append(attributes, "outcome", outcome)...)
}

// itemState is the recorded form of an item. A JSON log has it as an object, and null for
// no item. A text log has it as words, and a dash for no item.
type itemState struct {
	Subscription rosterpush.Subscription `json:"subscription"`
	Name         string                  `json:"name"`
	Groups       []string                `json:"groups"`
	Pending      bool                    `json:"ask,omitempty"`
}

func newItemState(i *rosterpush.Item) *itemState {
	if i == nil {
		return nil
	}
	groups := i.Groups
	if groups == nil {
		groups = []string{} // JSON: [], not null
	}
	return &itemState{i.Subscription, i.Name, groups, i.Pending}
}

func (s *itemState) String() string {
	if s == nil {
		return "-"
	}
	ask := ""
	if s.Pending {
		ask = " ask"
	}
	return fmt.Sprintf("%s %q %q%s", s.Subscription, s.Name, s.Groups, ask)
}
