package component

import "sync"

// What may wait of messages: of one sender, and in all.
const (
	maxWaiting = 32
	maxMail    = 4096
)

// mail is the messages that wait until those before them have been taken, by
// sender.
type mail struct {
	mu      sync.Mutex
	waiting map[string][]Message // of senders for whom somebody works
	all     int
}

// put has a message wait. first says that nobody works for this sender yet;
// where it did not find room, ok is false, and the last one that waits counts
// it.
func (m *mail) put(sender string, message Message) (first, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waiting, busy := m.waiting[sender]
	if len(waiting) == maxWaiting || m.all == maxMail {
		if len(waiting) > 0 {
			waiting[len(waiting)-1].Missed++
		}
		return false, false
	}
	m.waiting[sender] = append(waiting, message)
	m.all++
	return !busy, true
}

// next takes the oldest message of a sender. Where there is none, nobody works
// for this sender any more.
func (m *mail) next(sender string) (message Message, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waiting := m.waiting[sender]
	if len(waiting) == 0 {
		delete(m.waiting, sender)
		return Message{}, false
	}
	m.waiting[sender] = waiting[1:]
	m.all--
	return waiting[0], true
}

// drop forgets what waits of a sender for whom nobody can work.
func (m *mail) drop(sender string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all -= len(m.waiting[sender])
	delete(m.waiting, sender)
}
