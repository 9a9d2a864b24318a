package audit

import (
	"context"
	"log/slog"

	"emanagement/rosterpush"
)

// Of returns the log of one run of a verb. Each of its lines names the run's number, the
// requester, the front and the verb.
func Of(log *slog.Logger, o rosterpush.Origin) *slog.Logger {
	return log.With("run", o.Run, "asker", o.Requester, "front", o.Front, "verb", o.Verb)
}

// WithOrigin returns a function that returns a context under which every write is
// recorded as one of an earlier run (see With).
func WithOrigin(log *slog.Logger) func(context.Context, rosterpush.Origin) context.Context {
	return func(ctx context.Context, o rosterpush.Origin) context.Context {
		return With(ctx, Of(log, o))
	}
}

// Settled records how something that an earlier run left was settled. The context is
// one that WithOrigin has made.
func Settled(ctx context.Context, s rosterpush.Settled) {
	log := logOf(ctx)
	if log == nil {
		return
	}
	attributes := []any{"kind", string(s.Kind), "items", len(s.Changes), "user", s.Changes[0].User, "contact", s.Changes[0].Contact, "outcome", string(s.Outcome)}
	if s.Err != nil {
		attributes = append(attributes, "why", s.Err.Error())
	}
	log.Info("settled", attributes...)
}
