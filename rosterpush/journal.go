package rosterpush

import (
	"context"

	"mellium.im/xmpp/jid"
)

// Journal keeps intents, so that none is forgotten if the process or the server is
// killed. Its methods may be used concurrently.
type Journal interface {
	// Begin stores an intent before anything of it is written, and returns its number.
	// It blocks until the intent would survive the end of the process.
	Begin(ctx context.Context, i Intent) (number int64, err error)
	// End notes that an intent is over. stands are the changes that the server has
	// confirmed; they are kept for a while. End does not block. It takes effect before
	// any later Begin does.
	End(number int64, stands []Change)
	// Open returns the intents that are not over, oldest first.
	Open(ctx context.Context) ([]Intent, error)
	// Kept returns the changes that are kept, oldest first.
	Kept(ctx context.Context) ([]Intent, error)
}

// Intent is what a request is about to change.
type Intent struct {
	Number  int64
	Kind    Kind
	Changes []Change // at least one
	Origin  Origin
}

// Kind says how an intent is settled that was not over.
type Kind string

// The kinds of intents.
const (
	// Write changes items. It is put back, unless all its changes stand.
	Write Kind = "write"
	// Removal removes items with both subscriptions. It is completed.
	Removal Kind = "removal"
)

// Change is the change of one item.
type Change struct {
	User, Contact jid.JID
	Before, After *Item // nil: no item
}

// reversed returns the change back.
func (c Change) reversed() Change {
	c.Before, c.After = c.After, c.Before
	return c
}

// Origin is the request that a change belongs to.
type Origin struct {
	Run                    int64 // the number of the run, as in the audit log
	Requester, Front, Verb string
}

type originKey struct{}

// WithOrigin returns a context under which the journal notes the origin of changes.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

func originOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// entry is an intent under way.
type entry struct {
	Intent
	breaks int // how many streams had broken when it began
}

// begin stores an intent. Nothing may be written before it returns.
func (r *Rosters) begin(ctx context.Context, k Kind, changes ...Change) (entry, error) {
	e := entry{Intent{Kind: k, Changes: changes, Origin: originOf(ctx)}, r.backlog.countBreaks()}
	if r.journal == nil {
		return e, nil
	}
	var err error
	e.Number, err = r.journal.Begin(ctx, e.Intent)
	return e, err
}

// end notes that an intent is over. A change that was made before a stream broke may
// be lost, so it is looked at again.
func (r *Rosters) end(e entry, stands ...Change) {
	if r.journal == nil {
		return
	}
	r.journal.End(e.Number, stands)
	if r.backlog.countBreaks() != e.breaks {
		e.Changes = stands
		r.backlog.suspect(e.Intent)
	}
}

// leave leaves an intent to be settled, because its outcome is unknown. The caller
// holds the locks of its users.
func (r *Rosters) leave(e entry) {
	if r.journal != nil {
		r.backlog.addIntent(e.Intent)
	}
}
