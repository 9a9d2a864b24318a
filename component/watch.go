package component

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"

	"emanagement/xmpp/address"
)

// watchLocalpart is the account whose roster is read to see that a host still
// answers. It need not exist.
const watchLocalpart = "emanagement-watch"

// announced takes a message that announces a grant. One that cannot be read
// concerns its own host and no other.
func (s *serving) announced(in inbound) {
	host, g, err := grantIn(in)
	if err != nil {
		s.log.Error("a grant cannot be read, and its host is not served", "host", in.attr("from"), "why", err)
		return
	}
	s.granted(host, g)
}

// granted notes a grant that has arrived and begins to watch its host.
func (s *serving) granted(host string, g Grant) {
	if !s.wants(host) {
		s.board.leftOut(host)
		s.log.Info("a host grants access, but the configuration leaves it out", "host", host)
		return
	}
	if !s.board.granted(s.link, host, g) {
		return
	}
	s.log.Info("granted", "host", host, "access", g.Access)
	if g.Access["roster"] != "both" {
		s.link.forbade(host)
		s.log.Warn("rosters of this host cannot be managed: its mod_privilege must say roster: {both: ...} for this component", "host", host)
	}
	// The reader calls this while serve holds the helpers open, so these are
	// waited for too.
	s.helpers.Go(func() { s.watch(host) })
	for _, f := range s.onGrant {
		s.helpers.Go(func() { f(s.ctx, host) })
	}
}

// reportMissing says which hosts have not granted access in time, and what to
// write where.
func (s *serving) reportMissing() {
	if !sleep(s.ctx, s.timing.grant) {
		return
	}
	others := strings.Join(s.board.leftOutHosts(), ", ")
	missing := 0
	for _, h := range s.cfg.Hosts {
		if s.board.serves(h) {
			continue
		}
		missing++
		if others != "" {
			s.log.Error("no access granted by a host that hosts names here, though by others; is it spelled as in ejabberd.yml?", "host", h, "granted_by", others, "waited", s.timing.grant)
			continue
		}
		s.log.Error("no access granted: in ejabberd.yml, mod_privilege of this host needs roster: {both: emanagement}, where the access rule emanagement allows this component; after reload_config it is found by itself", "host", h, "waited", s.timing.grant)
	}
	if len(s.board.served()) > 0 && missing == 0 {
		s.ungranted.reset()
		return
	}
	pause := s.ungranted.next()
	if len(s.cfg.Hosts) == 0 {
		s.log.Error(fmt.Sprintf("no host granted access: in ejabberd.yml, modules needs mod_privilege: {roster: {both: emanagement}}, where the access rule emanagement allows the acl that names server: %s; and no other process may be connected under that name", s.cfg.JID), "waited", s.timing.grant, "next_try_in", pause.Round(time.Second))
	}
	// A server tells only new streams of a grant that was added later. Where other
	// hosts are served, it is not worth disturbing them.
	for sleep(s.ctx, pause) {
		served := len(s.board.served())
		if served > 0 && !s.lacks() {
			return
		}
		if served == 0 || s.idle() {
			s.link.end(errUngranted)
			return
		}
	}
}

// idle says whether nobody would be disturbed by another stream: nothing is under way
// on this one, and no request from it.
func (s *serving) idle() bool { return s.link.idle() && s.crew.resting() }

// lacks says whether a host that the configuration names has granted nothing.
func (s *serving) lacks() bool {
	return slices.ContainsFunc(s.cfg.Hosts, func(h string) bool { return !s.board.serves(h) })
}

// watch looks at a host again and again for as long as the stream lasts. A
// stream can lose its privileges without a word, and then only silence
// tells: that ends the stream, so that a new one brings them back.
func (s *serving) watch(host string) {
	account := address.Account(watchLocalpart, host)
	for {
		pause := s.timing.watch
		if time.Since(s.link.since) < s.timing.healthy {
			pause = s.timing.watchSoon
		}
		began := time.Now()
		if !sleep(s.ctx, pause) {
			return
		}
		if s.link.heardSince(host, began) || s.answers(account, host) {
			s.silences.healthy(host, time.Now())
			if s.link.forbids(host) && s.idle() && s.refusals.worthReconnecting(host, time.Now()) {
				s.link.end(&forbiddenError{host})
				return
			}
			continue
		}
		// The stream can end a moment before s.ctx does; that is not the host's
		// silence.
		if s.ctx.Err() != nil || s.link.cause() != nil {
			return
		}
		if s.silences.worthReconnecting(host, time.Now()) {
			s.link.end(&silentError{host})
			return
		}
		s.log.Warn("a host grants access but does not answer, and reconnecting has not helped", "host", host)
	}
}

// answers asks for the account's roster, past the window, and says whether
// the host answered anything in the meantime.
func (s *serving) answers(account jid.JID, host string) bool {
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, s.timing.ask)
	defer cancel()
	iq := stanza.IQ{Type: stanza.GetIQ, To: account, From: s.cfg.JID}
	_, err := s.link.ask(ctx, iq, rosterGet(), s.timing.ask, nil)
	if err == nil || errors.Is(err, ErrDisconnected) {
		return err == nil
	}
	return s.link.heardSince(host, began)
}

// silences remembers which hosts fell silent. Any domain can claim to grant
// access, so one that never answers must not make us reconnect for ever, nor
// must a hundred of them in turns.
type silences struct {
	mu       sync.Mutex
	answered map[string]bool    // hosts that have, on any stream
	last     map[string]silence // by host; those that never answered share one, ""
	latest   time.Time          // of all
}

type silence struct {
	host  string
	at    time.Time     // of the last reconnect for this host's sake
	pause time.Duration // before the next
}

const (
	minSilencePause = time.Minute
	maxSilencePause = time.Hour
)

func (s *silences) key(host string) string {
	if s.answered[host] {
		return host
	}
	return ""
}

// worthReconnecting says whether a silent host is reason enough to reconnect
// now: the first time, and after that in growing intervals; for whatever
// hosts, not sooner than a minute after the last time.
func (s *silences) worthReconnecting(host string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	past, known := s.last[s.key(host)]
	if known && now.Sub(past.at) < past.pause || now.Sub(s.latest) < minSilencePause {
		return false
	}
	if s.last == nil {
		s.last = make(map[string]silence)
	}
	s.last[s.key(host)] = silence{host: host, at: now, pause: min(max(2*past.pause, minSilencePause), maxSilencePause)}
	s.latest = now
	return true
}

// healthy notes that a host has answered. Its silence is forgotten once it has
// done so for longer than the pause that this earned it.
func (s *silences) healthy(host string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{host, ""} {
		if past, known := s.last[key]; known && past.host == host && now.Sub(past.at) > past.pause {
			delete(s.last, key)
		}
	}
	if s.answered == nil {
		s.answered = make(map[string]bool)
	}
	if len(s.answered) < maxHosts {
		s.answered[host] = true
	}
}
