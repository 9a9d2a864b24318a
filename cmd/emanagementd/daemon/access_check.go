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

// misspelt looks for hosts in the configuration's access that are none of those
// served. Such an entry allows less than was meant, and nothing else would say so.
type misspelt struct {
	access []verb.Grant
	hosts  func(context.Context) ([]string, error) // those served, when all are known
	log    *slog.Logger

	mu   sync.Mutex
	done bool
}

// look warns of each such host, once. A component calls it when a host grants access.
func (m *misspelt) look(ctx context.Context, _ string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return
	}
	served, err := m.hosts(ctx)
	if err != nil {
		return // the component says what is wrong
	}
	m.done = true
	for n, g := range m.access {
		for _, h := range g.Hosts {
			if !address.HasHost(served, h) {
				m.log.Warn("access names a host that has not granted any, so that the entry allows nothing there", "entry", n, "host", h, "served", served, "meant", suggest.Word(h, served))
			}
		}
		h := g.JID.Domainpart()
		meant := suggest.Word(h, served)
		// A domain alone is a component's, and one below a host that is served is none
		// by mistake.
		if g.JID.Localpart() != "" && !address.HasHost(served, h) && meant != "" && !strings.HasSuffix(h, "."+meant) {
			m.log.Warn("access names an account of a host that is spelt much like one that is served", "entry", n, "jid", g.JID.String(), "meant", meant)
		}
	}
}
