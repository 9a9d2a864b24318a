package component

import (
	"fmt"
	"time"
)

// batch is stanzas that are written at once. Whoever gets the link's writeLock first writes
// for all.
type batch struct {
	text []byte
	done chan struct{} // closed when it is written
	err  error         // why it could not be written; set before done is closed
}

// streamErrorWait is how long a failed write waits for the reason that the server gives for
// the end of the stream.
const streamErrorWait = time.Second

// send writes one stanza, together with others that are sent at the same time. answers is
// the request that it answers, or nil. send does not end with the caller's context, which
// could cut a stanza in half. The connection itself bounds each write. Errors: a
// *SizeError, or one that wraps ErrDisconnected.
func (l *link) send(text []byte, answers *Request) error {
	if err := l.sizes.check(len(text)); err != nil {
		return err
	}
	mine := l.join(text, answers)
	select {
	case l.writeLock <- struct{}{}:
		defer func() { <-l.writeLock }()
	case <-mine.done:
		return mine.err
	case <-l.done:
		return fmt.Errorf("%w (%w)", ErrDisconnected, l.cause())
	}
	if l.take(mine) {
		mine.err = l.write(mine.text)
		close(mine.done)
	}
	return mine.err
}

// join adds a stanza to the next batch.
func (l *link) join(text []byte, answers *Request) *batch {
	l.outMu.Lock()
	defer l.outMu.Unlock()
	if l.batch == nil {
		l.batch = &batch{text: text, done: make(chan struct{})}
	} else {
		l.batch.text = append(l.batch.text, text...)
	}
	l.sizes.record(len(text), answers)
	return l.batch
}

// take has the next stanza begin another batch, and reports whether this one is not written
// yet. The caller has the writeLock.
func (l *link) take(b *batch) bool {
	l.outMu.Lock()
	defer l.outMu.Unlock()
	if l.batch != b {
		return false
	}
	l.batch = nil
	return true
}

// write writes stanzas. After a failure it ends the link.
func (l *link) write(text []byte) error {
	_, err := l.conn.Write(text)
	if err == nil {
		return nil
	}
	t := time.NewTimer(streamErrorWait)
	defer t.Stop()
	select {
	case <-l.done: // the reader knows the cause
	case <-t.C:
	}
	l.end(&writeError{err})
	return fmt.Errorf("%w (%w)", ErrDisconnected, l.cause())
}
