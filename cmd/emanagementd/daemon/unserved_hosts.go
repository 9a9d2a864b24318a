package daemon

import (
	"log/slog"
	"sync"
)

// unservedHosts warns of hosts that verbs name and that are not served. The administrator
// may have forgotten to name such a host.
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
	u.log.Warn("a verb names a host that is not served; if it is a host of your server, add it to hosts in emanagement's configuration, and restart emanagement", "host", host)
}
