package daemon

import (
	"log/slog"
	"sync"
)

// missing warns of hosts that verbs name and that have granted no access: of a grant
// that is added later, only a new stream is told.
type missing struct {
	log *slog.Logger

	mu    sync.Mutex
	hosts map[string]bool
}

// maxMissing is of how many hosts it warns: anybody who may run a verb can name any.
const maxMissing = 100

// note warns of a host, once.
func (m *missing) note(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hosts[host] || len(m.hosts) == maxMissing {
		return
	}
	if m.hosts == nil {
		m.hosts = make(map[string]bool)
	}
	m.hosts[host] = true
	m.log.Warn("a verb names a host that has granted no access; if its mod_privilege grants any by now, name it in hosts, or restart emanagement: only a new stream is told", "host", host)
}
