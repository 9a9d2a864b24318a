package daemon

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"emanagement/verb"
	"emanagement/verb/suggest"
	"emanagement/xmpp/address"
)

// accessCheck warns of hosts in the configuration's access that are not served, and of
// accounts at hosts that look misspelt. Such an entry allows less than the administrator
// meant, and no other message says so.
type accessCheck struct {
	access []verb.Grant
	hosts  func(context.Context) ([]string, error) // the served hosts; an error until all are known
	log    *slog.Logger

	mu   sync.Mutex
	done bool
}

// run runs the check, once, when all served hosts are known. The component calls it when
// a host grants access.
func (a *accessCheck) run(ctx context.Context, _ string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done {
		return
	}
	served, err := a.hosts(ctx)
	if err != nil {
		return // the component logs the cause
	}
	a.done = true
	for i, grant := range a.access {
		for _, host := range grant.Hosts {
			if !address.HasHost(served, host) {
				a.log.Warn("access names a host that is not served, so the entry allows nothing there", "entry", i, "host", host, "served", served, "meant", suggest.Word(host, served))
			}
		}
		host := grant.JID.Domainpart()
		similar := suggest.Word(host, served)
		// A JID without a local part is a component. A domain below a served host is
		// no misspelling of it.
		if grant.JID.Localpart() != "" && !address.HasHost(served, host) && similar != "" && !strings.HasSuffix(host, "."+similar) {
			a.log.Warn("access names an account at a host whose name is similar to that of a served host", "entry", i, "jid", grant.JID.String(), "meant", similar)
		}
	}
}
