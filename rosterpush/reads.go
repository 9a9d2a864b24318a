package rosterpush

import (
	"context"
	"sync"

	"mellium.im/xmpp/jid"
)

// reads lets requests share reads. While a user's roster is being read, every request that
// also wants it waits for the next read, which begins when this one has ended. So a roster
// is read twice for any number of requests that come at the same time, and none of them gets
// a roster from before it asked.
type reads struct {
	mu     sync.Mutex
	byUser map[string]*readQueue
}

// readQueue is the reads of one user.
type readQueue struct {
	now  *sharedRead // under way, or over while somebody waits for the next one
	next *sharedRead // nil if nobody waits for one
}

// sharedRead is one read. The fields without a comment are set before done is closed.
type sharedRead struct {
	waiting   int           // how many requests wait for it; guarded by reads.mu
	done      chan struct{} // closed when it is over
	roster    *Roster
	err       error
	abandoned bool // the request that has read it was over
}

// read returns what a call of load returns that begins after this call. load is called with
// the context of one of the requests that share the read. The error may also be the cause of
// the context's end.
func (r *reads) read(ctx context.Context, user jid.JID, load func(context.Context) (*Roster, error)) (*Roster, error) {
	name := user.String()
	for {
		mine, before := r.join(name)
		if before == nil {
			return r.lead(ctx, name, mine, load)
		}
		select {
		case <-before.done:
		case <-ctx.Done():
			r.leave(name, mine)
			return nil, context.Cause(ctx)
		}
		if r.isMine(name, mine, before) {
			return r.lead(ctx, name, mine, load)
		}
		select {
		case <-mine.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !mine.abandoned {
			return mine.roster, mine.err
		}
	}
}

// join returns the read that a request may use, and the one that must end before, or nil if
// the request may begin to read at once.
func (r *reads) join(name string) (mine, before *sharedRead) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.byUser[name]
	if q == nil {
		if r.byUser == nil {
			r.byUser = make(map[string]*readQueue)
		}
		mine = &sharedRead{done: make(chan struct{})}
		r.byUser[name] = &readQueue{now: mine}
		return mine, nil
	}
	if q.next == nil {
		q.next = &sharedRead{done: make(chan struct{})}
	}
	q.next.waiting++
	return q.next, q.now
}

// isMine reports whether the request has to begin the next read itself: the first one that
// notices the end of the read before does.
func (r *reads) isMine(name string, mine, before *sharedRead) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.byUser[name]
	if q == nil || q.now != before || q.next != mine {
		return false
	}
	q.now, q.next = mine, nil
	return true
}

// lead reads for everybody who shares the read.
func (r *reads) lead(ctx context.Context, name string, mine *sharedRead, load func(context.Context) (*Roster, error)) (*Roster, error) {
	mine.abandoned = true // if load panics
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(mine.done)
		if q := r.byUser[name]; q.next == nil {
			delete(r.byUser, name)
		}
	}()
	mine.roster, mine.err = load(ctx)
	mine.abandoned = mine.err != nil && ctx.Err() != nil
	return mine.roster, mine.err
}

// await waits until the reads of a user are over that are under way or awaited now.
func (r *reads) await(ctx context.Context, user jid.JID) error {
	r.mu.Lock()
	var under []*sharedRead
	if q := r.byUser[user.String()]; q != nil {
		under = append(under, q.now)
		if q.next != nil {
			under = append(under, q.next)
		}
	}
	r.mu.Unlock()
	for _, read := range under {
		select {
		case <-read.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// leave ends a request's wait for a read that has not begun.
func (r *reads) leave(name string, mine *sharedRead) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.byUser[name]
	if q == nil || q.next != mine {
		return
	}
	if mine.waiting--; mine.waiting > 0 {
		return
	}
	q.next = nil
	mine.abandoned = true
	close(mine.done)
	select {
	case <-q.now.done:
		delete(r.byUser, name)
	default:
	}
}
