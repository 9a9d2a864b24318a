package xmppclient

import (
	"context"
	"slices"
	"sync"
)

// inbox keeps received stanzas, without limit, until somebody takes them. It
// is safe for concurrent use; put never waits for a reader.
type inbox struct {
	mu      sync.Mutex
	held    []Element
	end     error
	changed chan struct{} // closed and replaced whenever held or end changes
}

func newInbox() *inbox {
	return &inbox{changed: make(chan struct{})}
}

// put appends e.
func (b *inbox) put(e Element) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = append(b.held, e)
	b.announce()
}

// finish says that nothing more will be put, and why.
func (b *inbox) finish(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end = why
	b.announce()
}

// ended returns what finish was given, nil before that.
func (b *inbox) ended() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end
}

// take removes and returns the first element that match accepts. It waits for
// one until ctx is done or the inbox is finished.
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

// tryTake is take without waiting. When there is nothing to return yet it
// returns the channel that is closed at the next change.
func (b *inbox) tryTake(match func(Element) bool) (Element, <-chan struct{}, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.held, match); i >= 0 {
		e := b.held[i]
		b.held = slices.Delete(b.held, i, i+1)
		return e, nil, nil
	}
	if b.end != nil {
		return Element{}, nil, b.end
	}
	return Element{}, b.changed, nil
}

// all returns a copy of what is held, oldest first.
func (b *inbox) all() []Element {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.held)
}

// announce wakes every waiting take. The caller holds mu.
func (b *inbox) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}
