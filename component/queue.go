package component

import "sync"

// Limits of the messages that wait.
const (
	maxQueuedOfSender = 32
	maxQueued         = 4096
)

// messageQueue holds each sender's messages until the earlier ones of that sender
// have been handled.
type messageQueue struct {
	mu      sync.Mutex
	waiting map[string][]Message // by sender, of those that have a worker
	total   int
}

// enqueue adds a message. needsWorker means that no worker takes this sender's
// messages yet. If there is no room, ok is false, and the sender's last message in
// the queue counts the lost one.
func (q *messageQueue) enqueue(sender string, m Message) (needsWorker, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting, hasWorker := q.waiting[sender]
	if len(waiting) == maxQueuedOfSender || q.total == maxQueued {
		countMissed(waiting)
		return false, false
	}
	q.waiting[sender] = append(waiting, m)
	q.total++
	return !hasWorker, true
}

// miss counts a lost message of a sender, as enqueue does.
func (q *messageQueue) miss(sender string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	countMissed(q.waiting[sender])
}

// countMissed adds a lost message to the last one that waits.
func countMissed(waiting []Message) {
	if len(waiting) > 0 {
		waiting[len(waiting)-1].Missed++
	}
}

// dequeue takes the oldest message of a sender. If there is none, ok is false, and
// the sender has no worker any more.
func (q *messageQueue) dequeue(sender string) (m Message, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting[sender]
	if len(waiting) == 0 {
		delete(q.waiting, sender)
		return Message{}, false
	}
	q.waiting[sender] = waiting[1:]
	q.total--
	return waiting[0], true
}

// discard drops the messages of a sender that can have no worker.
func (q *messageQueue) discard(sender string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total -= len(q.waiting[sender])
	delete(q.waiting, sender)
}
