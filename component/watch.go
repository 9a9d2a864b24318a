package component

import (
	"context"
	"errors"
	"time"

	"mellium.im/xmpp/stanza"
)

// watch probes a host again and again for as long as the stream lasts. A stream can
// lose its privileges without notice, and then only silence shows it. Silence ends
// the stream, and a new one brings the privileges back.
func (s *session) watch(host string) {
	for {
		pause := s.timing.probe
		if time.Since(s.link.since) < s.timing.healthy {
			pause = s.timing.probeEarly
		}
		began := time.Now()
		if !sleep(s.ctx, pause) {
			return
		}
		if s.link.repliedSince(host, began) || s.answers(host) {
			s.silent.noteAnswer(host, time.Now())
			if s.link.isForbidding(host) && s.isIdle() && s.refusing.mayReconnect(host, time.Now()) {
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
		if s.silent.mayReconnect(host, time.Now()) {
			s.link.end(&silentError{host})
			return
		}
		s.log.Warn("a host grants access but does not answer, and reconnecting has not helped", "host", host)
	}
}

// answers sends a probe, without a slot of the window, and reports whether the host
// answered anything in the meantime.
func (s *session) answers(host string) bool {
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, s.timing.reply)
	defer cancel()
	to, payload := s.cfg.Probe(host)
	_, err := s.link.ask(ctx, stanza.IQ{Type: stanza.GetIQ, To: to, From: s.cfg.JID}, payload, s.timing.reply, nil)
	if err == nil || errors.Is(err, ErrDisconnected) {
		return err == nil
	}
	return s.link.repliedSince(host, began)
}
