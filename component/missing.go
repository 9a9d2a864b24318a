package component

import (
	"slices"
	"strings"
	"time"
)

// reportMissing logs the grants that have not arrived in time. It ends the stream
// later if that may bring them.
func (s *session) reportMissing() {
	if !sleep(s.ctx, s.timing.grant) {
		return
	}
	excluded := s.registry.excludedHosts()
	missing := 0
	for _, h := range s.cfg.Hosts {
		if s.registry.serves(h) {
			continue
		}
		missing++
		attrs := []any{"host", h, "why", &MissingGrantError{Host: h, Excluded: excluded}, "waited", s.timing.grant}
		if len(excluded) > 0 {
			attrs = append(attrs, "granted_by", strings.Join(excluded, ", "))
		}
		s.log.Error("a grant is missing", attrs...)
	}
	if missing == 0 {
		s.grantBackoff.reset()
		return
	}
	pause := s.grantBackoff.next()
	// A server announces a grant that was added later to new streams only. While
	// requests are under way for other hosts, that is not worth an interruption.
	for sleep(s.ctx, pause) {
		served := len(s.registry.served())
		if !s.lacksGrants() {
			return
		}
		if served == 0 || s.isIdle() {
			s.link.end(errUngranted)
			return
		}
	}
}

// replaceUngranted ends a stream that follows a broken one, if no host grants access on it
// soon. The grants may have gone to the broken stream, whose end the server had not noticed.
func (s *session) replaceUngranted() {
	if !s.afterBreak || !sleep(s.ctx, s.timing.regrant) || len(s.registry.served()) > 0 {
		return
	}
	if s.silent.mayReconnect(anyHost, time.Now(), false) {
		s.link.end(errUngranted)
	}
}

// anyHost stands for all hosts in a hostBackoff.
const anyHost = ""

// isIdle reports whether a new stream would interrupt nothing: no request is under
// way in either direction.
func (s *session) isIdle() bool { return s.link.isIdle() && s.pool.isIdle() }

// lacksGrants reports whether a host of Config.Hosts has granted no access.
func (s *session) lacksGrants() bool {
	return slices.ContainsFunc(s.cfg.Hosts, func(h string) bool { return !s.registry.serves(h) })
}
