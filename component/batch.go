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

// maxBatched limits a stanza that is written together with others, in bytes. Copying a larger
// one would cost more than it saves. The server may refuse it for its size, too, and then it
// must be known which stanzas it had accepted before.
const maxBatched = 4 << 10

// send writes one stanza, a small one together with others that are sent at the same time.
// answers is the request that it answers, or nil. send does not end with the caller's context, which
// could cut a stanza in half. The connection itself bounds each write. Errors: a
// *SizeError, or one that wraps ErrDisconnected.
func (l *link) send(text []byte, answers *Request) error {
	if err := l.sizes.check(len(text)); err != nil {
		return err
	}
	if len(text) > maxBatched {
		return l.sendAlone(text, answers)
	}
	mine := l.join(text)
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

// sendAlone writes a stanza that is in no batch.
func (l *link) sendAlone(text []byte, answers *Request) error {
	select {
	case l.writeLock <- struct{}{}:
		defer func() { <-l.writeLock }()
	case <-l.done:
		return fmt.Errorf("%w (%w)", ErrDisconnected, l.cause())
	}
	l.sizes.record(len(text), answers)
	return l.write(text)
}

// join adds a stanza to the next batch.
func (l *link) join(text []byte) *batch {
	l.outMu.Lock()
	defer l.outMu.Unlock()
	if l.batch == nil {
		l.batch = &batch{text: text, done: make(chan struct{})}
	} else {
		l.batch.text = append(l.batch.text, text...)
	}
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

// write writes stanzas, unless the stream has ended. After a failure it ends the link. The
// caller has the writeLock.
func (l *link) write(text []byte) error {
	if cause := l.cause(); cause != nil {
		return fmt.Errorf("%w (%w)", ErrDisconnected, cause)
	}
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
