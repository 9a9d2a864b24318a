package xmppclient

import (
	"context"
	"slices"
	"sync"
)

// inbox keeps received stanzas, without limit, until take removes them. It is safe for
// concurrent use. put never waits for a reader.
type inbox struct {
	mu      sync.Mutex
	stanzas []Element
	end     error
	changed chan struct{} // closed and replaced whenever stanzas or end changes
}

func newInbox() *inbox {
	return &inbox{changed: make(chan struct{})}
}

// put appends e.
func (b *inbox) put(e Element) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stanzas = append(b.stanzas, e)
	b.announce()
}

// finish ends the inbox: take then returns cause if no stanza matches.
func (b *inbox) finish(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end = cause
	b.announce()
}

// ended returns the cause that finish received, or nil before that.
func (b *inbox) ended() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end
}

// take removes and returns the first stanza that match accepts. It blocks until there is
// one, ctx ends or the inbox is finished.
func (b *inbox) take(ctx context.Context, match func(Element) bool) (Element, error) {
	for {
		e, changed, err := b.tryTake(match)
		if changed == nil {
			return e, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Element{}, ctx.Err()
		}
	}
}

// tryTake is take without waiting. If there is nothing to return yet, it returns the
// channel that is closed at the next change.
func (b *inbox) tryTake(match func(Element) bool) (Element, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.stanzas, match); i >= 0 {
		e := b.stanzas[i]
		b.stanzas = slices.Delete(b.stanzas, i, i+1)
		return e, nil, nil
	}
	if b.end != nil {
		return Element{}, nil, b.end
	}
	return Element{}, b.changed, nil
}

// all returns a copy of the kept stanzas, oldest first.
func (b *inbox) all() []Element {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.stanzas)
}

// announce wakes every waiting take. The caller holds mu.
func (b *inbox) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}
