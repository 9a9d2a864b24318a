package component

import "sync"

// budget bounds the bytes of the stanzas that wait or are worked on. One sender may have as
// many as are left for others, as in a pool.
type budget struct {
	mu       sync.Mutex
	limit    int
	used     int
	bySender map[string]int
}

func newBudget(limit int) *budget {
	return &budget{limit: limit, bySender: make(map[string]int)}
}

// take reports whether there is room for a stanza of that size. Then release must be called
// with the same arguments at last.
func (b *budget) take(sender string, size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bySender[sender]+size > b.limit-b.used-size {
		return false
	}
	b.used += size
	b.bySender[sender] += size
	return true
}

func (b *budget) release(sender string, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= size
	if b.bySender[sender] -= size; b.bySender[sender] == 0 {
		delete(b.bySender, sender)
	}
}
