package daemon

import (
	"log/slog"
	"sync"
)

// unservedHosts warns of hosts that verbs name and that have granted no access. Such a
// host may have granted access later, of which only a new stream learns.
type unservedHosts struct {
	log *slog.Logger

	mu     sync.Mutex
	warned map[string]bool
}

// maxUnservedHosts limits the number of warnings, because a requester can name any host.
const maxUnservedHosts = 100

// warn warns of a host, once. It may be used by many goroutines at once.
func (u *unservedHosts) warn(host string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.warned[host] || len(u.warned) == maxUnservedHosts {
		return
	}
	if u.warned == nil {
		u.warned = make(map[string]bool)
	}
	u.warned[host] = true
	u.log.Warn("a verb names a host that has granted no access; if its mod_privilege grants access by now, name the host in hosts, or restart emanagement, because only a new stream learns of it", "host", host)
}
