package component

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/stanza"
)

// pace is how closely a host is watched.
type pace struct {
	pause    time.Duration // between two probes
	patience time.Duration // for the answer to a probe
}

// pace returns how closely the hosts are to be watched now. A stream that follows a
// broken one is watched most closely. The server may still be busy with the broken one,
// and takes the new one's privileges away when it is done with it.
func (s *session) pace() pace {
	age := time.Since(s.link.since)
	switch {
	case s.afterBreak && age < s.timing.settling:
		return s.timing.probeSettling
	case age < s.timing.healthy:
		return s.timing.probeEarly
	}
	return s.timing.probe
}

// watch probes a host again and again for as long as the stream lasts. A stream can
// lose its privileges without notice, and then only silence shows it. Silence ends
// the stream, and a new one brings the privileges back. A request that is not answered
// soon makes watch probe its host at once.
func (s *session) watch(host string) {
	slow := s.link.slowSignal(host)
	for {
		pace, began := s.pace(), time.Now()
		if !s.awaitProbe(pace.pause, slow) {
			return
		}
		asked := time.Now()
		if s.link.repliedSince(host, began) || s.answers(host, pace.patience) {
			s.silent.noteAnswer(host, time.Now())
			s.silent.noteAnswer(anyHost, time.Now())
			if s.link.isForbidding(host) && s.isIdle() && s.refusing.mayReconnect(host, time.Now(), true) {
				s.link.end(&forbiddenError{host})
				return
			}
			continue
		}
		// The stream can end a moment before s.ctx does. That is not the host's
		// silence.
		if s.ctx.Err() != nil || s.link.cause() != nil {
			return
		}
		if s.silent.mayReconnect(host, time.Now(), s.link.otherRepliedSince(host, asked)) {
			s.link.end(&silentError{host})
			return
		}
		s.log.Warn("a host grants access but does not answer, and reconnecting has not helped", "host", host)
	}
}

// awaitProbe waits until the next probe is due. It reports whether the stream lasts.
func (s *session) awaitProbe(pause time.Duration, slow <-chan struct{}) bool {
	due := time.NewTimer(pause)
	defer due.Stop()
	select {
	case <-due.C:
	case <-slow:
	case <-s.ctx.Done():
		return false
	}
	return true
}

// answers sends a probe, without a slot of the window, and reports whether the host
// answered anything in the meantime.
func (s *session) answers(host string, patience time.Duration) bool {
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	to, payload := s.cfg.Probe(host)
	_, err := s.link.ask(ctx, stanza.IQ{Type: stanza.GetIQ, To: to, From: s.cfg.JID}, payload, patience, nil)
	if err == nil || errors.Is(err, ErrDisconnected) {
		return err == nil
	}
	return s.link.repliedSince(host, began)
}
