// Package audit records every write: who asked for it, by which way and which
// verb, what was written over what, and what came of it.
package audit

import (
	"context"
	"fmt"
	"log/slog"

	"mellium.im/xmpp/jid"

	"emanagement/rosterpush"
)

type key struct{}

// With has everything that is written under the context recorded with log,
// whose attributes say who asked.
func With(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, key{}, log)
}

// rosters records what is written to a server.
type rosters struct{ rosterpush.Server }

// Rosters returns the server with every write to it recorded, one line an
// item, where its context was made by With.
func Rosters(s rosterpush.Server) rosterpush.Server { return rosters{s} }

// Put implements rosterpush.Server.
func (r rosters) Put(ctx context.Context, user jid.JID, item rosterpush.Item, was *rosterpush.Item) error {
	err := r.Server.Put(ctx, user, item, was)
	record(ctx, user, item.JID, was, &item, err)
	return err
}

// Remove implements rosterpush.Server.
func (r rosters) Remove(ctx context.Context, user jid.JID, was rosterpush.Item) error {
	err := r.Server.Remove(ctx, user, was)
	record(ctx, user, was.JID, &was, nil, err)
	return err
}

func record(ctx context.Context, user, contact jid.JID, before, after *rosterpush.Item, err error) {
	note(ctx, "item", err, "user", user, "contact", contact, "before", newState(before), "after", newState(after))
}

// logOf is the context's log; nil where it has none.
func logOf(ctx context.Context) *slog.Logger {
	log, _ := ctx.Value(key{}).(*slog.Logger)
	return log
}

// note writes one line, if the context has a log.
func note(ctx context.Context, what string, err error, attributes ...any) {
	log := logOf(ctx)
	if log == nil {
		return
	}
	outcome := "done"
	if err != nil {
		outcome = err.Error()
	}
	log.Info(what, append(attributes, "outcome", outcome)...)
}

// state is an item as it is recorded: an object in JSON, null for none, and
// words in text, a dash for none.
type state struct {
	Subscription rosterpush.Subscription `json:"subscription"`
	Name         string                  `json:"name"`
	Groups       []string                `json:"groups"`
	Pending      bool                    `json:"ask,omitempty"`
}

func newState(i *rosterpush.Item) *state {
	if i == nil {
		return nil
	}
	groups := i.Groups
	if groups == nil {
		groups = []string{} // a list in JSON too
	}
	return &state{i.Subscription, i.Name, groups, i.Pending}
}

func (s *state) String() string {
	if s == nil {
		return "-"
	}
	ask := ""
	if s.Pending {
		ask = " ask"
	}
	return fmt.Sprintf("%s %q %q%s", s.Subscription, s.Name, s.Groups, ask)
}
